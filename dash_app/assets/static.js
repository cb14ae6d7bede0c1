// Plain HTML without a wrapper of Dash around each element: see kit/static_html.py. A table sorts itself.
(() => {
  const element = (...given) => window.React.createElement(...given);
  const draw = (tree) => {
    if (!Array.isArray(tree)) return tree;
    const [tag, given, parts] = tree;
    return tag === "table" ? element(Table, { given, parts }) : element(tag, given, ...parts.map(draw));
  };

  // Rows by the keys of a column, those without one last.
  const by = (column, direction) => (one, other) => {
    const [a, b] = [one, other].map((row) => row[2][column]?.[1]["data-key"] ?? null);
    if (a === null || b === null) return (a === null) - (b === null);
    return direction * (typeof a === "number" ? a - b : String(a).localeCompare(String(b)));
  };

  function Table({ given, parts }) {
    const [[column, direction], sort] = window.React.useState([null, 1]);
    const title = (tree, at) => {
      const [tag, own, [button]] = tree;
      if (!Array.isArray(button) || button[0] !== "button") return draw(tree);
      const isSorted = at === column;
      const onClick = () => sort([at, isSorted ? -direction : 1]);
      const order = isSorted ? (direction > 0 ? "ascending" : "descending") : undefined;
      return element(tag, { ...own, "aria-sort": order }, element("button", { ...button[1], onClick }, ...button[2]));
    };
    const part = (tree) => {
      const [tag, own, rows] = tree;
      if (tag === "thead") return element(tag, own, ...rows.map((row) => element(row[0], row[1], ...row[2].map(title))));
      if (tag === "tbody" && column !== null) return draw([tag, own, [...rows].sort(by(column, direction))]);
      return draw(tree);
    };
    return element("table", given, ...parts.map(part));
  }

  window.page_parts = { Static: ({ tree }) => draw(tree) };
})();
