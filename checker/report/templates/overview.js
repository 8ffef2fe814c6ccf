"use strict";
// Sorts and filters the table of submissions. Without it the table is complete, in the order of the class.
(() => {
  // a browser lays out so many lines in no time; the others can be had
  const LIMIT = 500;
  const table = document.getElementById("class");
  const body = table.tBodies[0];
  const heads = Array.from(table.tHead.rows[0].cells);
  const rows = Array.from(body.rows);
  const language = document.documentElement.lang;
  const collator = new Intl.Collator(language, { numeric: true, sensitivity: "base" });
  const written = new Intl.NumberFormat(language);
  const text = document.getElementById("find");
  const kind = document.getElementById("which");
  const said = document.getElementById("shown");
  const more = document.getElementById("more");

  // the lines in their order, by their places in the order of the class, which decides between equals
  let order = rows.map((_row, index) => index);
  let fits = rows.map(() => true);
  let limit = LIMIT;

  function show() {
    let fit = 0;
    for (const index of order) {
      const hidden = !(fits[index] && ++fit <= limit);
      if (rows[index].hidden !== hidden) rows[index].hidden = hidden;
    }
    const filled = (words, number) => words.replace("{count}", written.format(rows.length))
      .replace("{number}", written.format(number));
    said.textContent = filled(said.dataset.fit, fit) + (fit > limit ? filled(said.dataset.first, limit) : "");
    more.hidden = fit <= limit;
  }

  // what a column is sorted by, null where there is nothing; read once
  const known = new Map();

  function keys(column) {
    if (!known.has(column)) {
      const numeric = heads[column].dataset.sort === "number";
      known.set(column, rows.map((row) => {
        const cell = row.cells[column];
        const content = cell.dataset.k ?? cell.textContent.trim();
        if (!numeric) return content === "" ? null : content;
        const value = content === "" ? NaN : Number(content);
        return Number.isNaN(value) ? null : value;
      }));
    }
    return known.get(column);
  }

  function sort(column, descending) {
    const values = keys(column);
    const sign = descending ? -1 : 1;
    const compare = heads[column].dataset.sort === "number" ? (one, other) => one - other : collator.compare;
    order.sort((one, other) => {
      const [a, b] = [values[one], values[other]];
      if (a === null || b === null) return (a === null) - (b === null) || one - other;
      return sign * compare(a, b) || one - other;
    });
    // out of the page while its lines move, so that it is laid out once
    body.remove();
    const fragment = document.createDocumentFragment();
    for (const index of order) fragment.append(rows[index]);
    // and without the blanks between them, which a browser would go through for each line
    body.replaceChildren(fragment);
    show();
    table.append(body);
    for (const head of heads) head.removeAttribute("aria-sort");
    heads[column].setAttribute("aria-sort", descending ? "descending" : "ascending");
  }

  const plain = (words) => words.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
  const searched = heads.flatMap((head, column) => ("find" in head.dataset ? [column] : []));
  let found = null;

  function filter() {
    found ??= rows.map((row) => plain(searched.map((column) => row.cells[column].textContent).join("\n")));
    const wanted = plain(text.value).split(/\s+/).filter(Boolean);
    fits = rows.map((row, index) => (!kind.value || row.dataset.is.split(" ").includes(kind.value))
      && wanted.every((word) => found[index].includes(word)));
    show();
  }

  let waiting = 0;
  function soon() {
    cancelAnimationFrame(waiting);
    waiting = requestAnimationFrame(filter);
  }

  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    const sign = document.createElement("span");
    sign.className = "way";
    sign.setAttribute("aria-hidden", "true");
    button.append(sign);
    button.addEventListener("click", () => sort(column, head.getAttribute("aria-sort") === "ascending"));
    head.append(button);
  });
  text.addEventListener("input", soon);
  kind.addEventListener("change", soon);
  function upTo(number) {
    limit = number;
    show();
  }

  more.addEventListener("click", () => {
    upTo(Infinity);
    text.focus();
  });
  // on paper there is no button
  addEventListener("beforeprint", () => upTo(Infinity));
  addEventListener("afterprint", () => upTo(LIMIT));
  document.getElementById("controls").hidden = false;
  show();
})();
