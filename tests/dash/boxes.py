"""What a person would see go wrong on a page: texts over each other, texts cut off, a page that scrolls sideways."""

from __future__ import annotations

from playwright.sync_api import Page

BOXES = """() => {
  const SLACK = 3; // px: boxes of letters are a little larger than the letters
  const name = (text) => text.trim().replace(/\\s+/g, " ").slice(0, 60);
  const rectOf = ({ left, right, top, bottom }) => ({ left, right, top, bottom });

  // What of a box is seen: the part within everything around it that scrolls or cuts; and the layer it belongs to.
  function seen(element, box) {
    let layer = document.body;
    for (let each = element; each && each !== document.body; each = each.parentElement) {
      const style = getComputedStyle(each);
      if (layer === document.body && ["fixed", "sticky"].includes(style.position)) layer = each;
      if (each === element && !/auto|scroll|hidden|clip/.test(style.overflow)) continue;
      if (!/auto|scroll|hidden|clip/.test(style.overflow) || each instanceof SVGElement) continue;
      const { left, right, top, bottom } = each.getBoundingClientRect();
      box = {
        left: Math.max(box.left, left), right: Math.min(box.right, right),
        top: Math.max(box.top, top), bottom: Math.min(box.bottom, bottom),
      };
    }
    return box.right - box.left > 1 && box.bottom - box.top > 1 ? { ...box, layer } : null;
  }

  const found = [];
  const texts = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode;
    const element = node.parentElement;
    if (!node.data.trim() || /^(script|style|title)$/i.test(element.tagName)) continue;
    if (!element.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
    if (parseFloat(getComputedStyle(element).fontSize) === 0) continue;
    const svg = element.closest("text");
    const range = document.createRange();
    range.selectNodeContents(node);
    const owner = svg || element;
    for (const rect of svg ? [element.getBoundingClientRect()] : range.getClientRects()) {
      const part = seen(owner, rectOf(rect));
      if (!part) continue;
      const height = part.bottom - part.top;
      const [top, bottom] = [part.top + height * 0.16, part.bottom - height * 0.16];
      texts.push({ ...part, top, bottom, owner, text: name(node.data) });
      const sheet = svg?.ownerSVGElement;
      const frame = (sheet || element.closest(".card, nav, .top"))?.getBoundingClientRect();
      const isOut = frame && (rect.left < frame.left - SLACK || rect.right > frame.right + SLACK
        || (sheet && (rect.top < frame.top - SLACK || rect.bottom > frame.bottom + SLACK)));
      if (isOut && (sheet || !element.closest(".table-region"))) found.push(`out of its frame: ${name(node.data)}`);
    }
  }

  texts.sort((one, other) => one.top - other.top);
  texts.forEach((one, at) => {
    for (let next = at + 1; next < texts.length && texts[next].top < one.bottom - SLACK; next += 1) {
      const other = texts[next];
      if (other.layer !== one.layer || other.owner === one.owner) continue;
      const wide = Math.min(one.right, other.right) - Math.max(one.left, other.left);
      const high = Math.min(one.bottom, other.bottom) - other.top;
      if (wide > SLACK && high > SLACK) found.push(`over each other: ${one.text} | ${other.text}`);
    }
  });

  for (const element of document.querySelectorAll("body *")) {
    if (element instanceof SVGElement || !element.checkVisibility()) continue;
    const style = getComputedStyle(element);
    const hasText = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    const isField = element.matches("input:not([type=radio], [type=hidden], [type=checkbox])");
    if (style.webkitLineClamp !== "none" || !(hasText || isField) || style.clipPath !== "none") continue;
    const cuts = isField || /hidden|clip/.test(style.overflowX);
    if (cuts && element.scrollWidth > element.clientWidth + 1) {
      found.push(`cut: ${name(element.value || element.textContent)}`);
    }
  }

  const { scrollWidth } = document.documentElement;
  if (scrollWidth > innerWidth) found.push(`the page scrolls sideways: ${scrollWidth} of ${innerWidth} px`);
  for (const region of document.querySelectorAll(".table-region")) {
    if (innerWidth < 768 && region.scrollWidth > region.clientWidth + 1) {
      found.push(`a table scrolls sideways: ${region.getAttribute("aria-label")}`);
    }
  }
  return [...new Set(found)];
}"""


def odd_boxes(page: Page) -> list[str]:
    """What is wrong with the boxes of a page's texts at its width, in words; the window stands at its top."""
    page.evaluate("window.scrollTo(0, 0)")
    found: list[str] = page.evaluate(BOXES)
    return found
