"use strict";
// Sorts and filters the table of submissions. Without it the table is complete, in the order of the class.
(() => {
  const table = document.getElementById("class");
  const body = table.tBodies[0];
  const heads = Array.from(table.tHead.rows[0].cells);
  // in the order of the class, which decides between equals
  const rows = Array.from(body.rows);
  const language = document.documentElement.lang;
  const collator = new Intl.Collator(language, { numeric: true, sensitivity: "base" });
  const written = new Intl.NumberFormat(language);
  const text = document.getElementById("find");
  const kind = document.getElementById("which");
  const said = document.getElementById("shown");

  const known = new Map();

  // what a column is sorted by, null where there is nothing; read once
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
    const order = rows.map((_row, index) => index);
    order.sort((one, other) => {
      const [a, b] = [values[one], values[other]];
      if (a === null || b === null) return (a === null) - (b === null) || one - other;
      return sign * compare(a, b) || one - other;
    });
    const fragment = document.createDocumentFragment();
    for (const index of order) fragment.append(rows[index]);
    body.append(fragment);
    for (const head of heads) head.removeAttribute("aria-sort");
    heads[column].setAttribute("aria-sort", descending ? "descending" : "ascending");
  }

  const plain = (words) => words.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
  const searched = heads.flatMap((head, column) => ("find" in head.dataset ? [column] : []));
  let found = null;

  function filter() {
    found ??= rows.map((row) => plain(searched.map((column) => row.cells[column].textContent).join("\n")));
    const wanted = plain(text.value).split(/\s+/).filter(Boolean);
    let count = 0;
    rows.forEach((row, index) => {
      const fits = (!kind.value || row.dataset.is.split(" ").includes(kind.value))
        && wanted.every((word) => found[index].includes(word));
      if (row.hidden === fits) row.hidden = !fits;
      count += fits;
    });
    said.textContent = said.dataset.text
      .replace("{shown}", written.format(count)).replace("{count}", written.format(rows.length));
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
  document.getElementById("controls").hidden = false;
})();
