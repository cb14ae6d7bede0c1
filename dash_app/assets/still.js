// Plain HTML without a wrapper of Dash around each element: see still.py.
(() => {
  const draw = (tree) =>
    Array.isArray(tree) ? window.React.createElement(tree[0], tree[1], ...tree[2].map(draw)) : tree;
  window.page_parts = { Still: ({ tree }) => draw(tree) };
})();
