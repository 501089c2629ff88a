// The list beside the card: how many wait, and the worst lines, each with its clock and its button.
function made(name, className, ...children) {
  return element(name, className ? { className } : {}, ...children);
}

// What is pressed here acts on the desk beside the list.
function tellDesk(name, about) {
  document.dispatchEvent(new CustomEvent("oversight:press", { detail: { name, about } }));
}

function badge(level) {
  return made("span", `ov-badge ov-${level.code}`, level.words);
}

function clock(line) {
  const shown = made("span", line.late ? "ov-clock ov-late" : "ov-clock", line.clock);
  shown.dataset.deadline = line.deadline;
  shown.dataset.before = "% left";
  shown.dataset.after = "% late";
  return shown;
}

function drawLine(line) {
  const facts = made("div", "ov-soft", line.facts);
  const words = made("div", `ov-queue-line${line.mine ? " ov-mine" : ""}`,
    badge(line.level), " ", made("b", "", line.who), " ", clock(line), facts);
  const row = made("li", "", words);
  if (line.open) {
    const open = made("button", "ov-open", "Open");
    open.type = "button";
    open.dataset.item = line.item;
    open.title = `${line.level.words}: ${line.who}`;
    open.addEventListener("click", () => tellDesk("open", line.item));
    row.append(open);
  }
  return row;
}

const NEWER = { name: "newer", words: "Show what is new", key: "V", primary: true };

function drawNewer(about) {
  const mark = made("span", "", "!");
  mark.setAttribute("aria-hidden", "true");
  const note = made("div", "ov-note ov-warning", mark,
    made("p", "", "Something new arrived in the conversation you have open."));
  note.setAttribute("role", "alert");
  const row = made("div", "ov-row");
  drawRow(row, { label: "Something new", buttons: [NEWER], about }, tellDesk);
  return [note, row];
}

// The address holds the filter, so that a reload or a bookmark finds it; the server is told, too.
function chosenQuery(root) {
  const chosen = [...root.querySelectorAll(".ov-filter input:checked")].map((box) => [box.name, box.value]);
  const address = new URL(location.href);
  for (const name of ["arm", "language", "severity", "show"]) address.searchParams.delete(name);
  for (const [name, value] of chosen) address.searchParams.append(name, value);
  history.replaceState(history.state, "", address);
  return new URLSearchParams(chosen).toString();
}

function drawGroup(group, changed) {
  const boxes = group.choices.map((one) => {
    const box = element("input", { type: "checkbox", name: group.name, value: one.value, checked: one.chosen });
    box.addEventListener("change", changed);
    return made("label", "", box, ` ${one.words} `, made("span", "ov-soft", String(one.count)));
  });
  return made("fieldset", "", made("legend", "", group.label), ...boxes);
}

function drawFilter(root, data, state) {
  const tell = (open) => state.tell({ query: chosenQuery(root), open, at: Date.now() });
  const details = made("details", "ov-details ov-filter");
  details.open = data.filtering;
  details.append(made("summary", "", data.filtered ? "Filter: on" : "Filter"));
  details.append(...data.filters.map((group) => drawGroup(group, () => tell(true))));
  if (data.filtered) {
    const all = element("button", { type: "button", className: "ov-open", textContent: "Show everything open" });
    all.addEventListener("click", () => {
      for (const box of details.querySelectorAll("input")) box.checked = false;
      tell(data.filtering);
    });
    details.append(all);
  }
  details.addEventListener("toggle", () => {
    if (details.isConnected && details.open !== data.filtering) {
      state.tell({ query: data.filters.length ? chosenQuery(root) : asAddressed(), open: details.open, at: Date.now() });
    }
  });
  return details;
}

function asAddressed() {
  const names = new Set(["arm", "language", "severity", "show"]);
  return new URLSearchParams([...new URL(location.href).searchParams].filter(([name]) => names.has(name))).toString();
}

function drawList(root, data, state) {
  const active = document.activeElement;
  const held = root.contains(active) ? { item: active.dataset.item, name: active.name, value: active.value } : {};
  const summary = root.contains(active) && active.tagName === "SUMMARY";
  const parts = data.newer ? drawNewer(data.newer) : [];
  parts.push(made("h3", "ov-queue-head", data.head));
  const counts = data.counts.map((one) => made("span", "", badge(one.level), ` ${one.count}`));
  parts.push(made("div", "ov-counts", ...counts));
  if (data.overdue) parts.push(made("p", "ov-late", data.overdue));
  parts.push(made("p", "ov-soft", `On duty: ${data.on_duty}`));
  if (data.looking) parts.push(made("p", "ov-soft", `Also looking at this card: ${data.looking}`));
  if (data.trouble) parts.push(made("p", "ov-late", data.trouble));
  parts.push(drawFilter(root, data, state));
  parts.push(made("ul", "ov-queue", ...data.lines.map((line) => drawLine(line))));
  if (data.rest) parts.push(made("p", "ov-soft", data.rest));
  root.replaceChildren(...parts);
  if (held.item) root.querySelector(`button[data-item="${held.item}"]`)?.focus();
  if (held.name) root.querySelector(`input[name="${held.name}"][value="${CSS.escape(held.value)}"]`)?.focus();
  if (summary) root.querySelector("summary")?.focus();
}

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const state = (parentElement.__queue ??= {});
  state.tell = (chosen) => setTriggerValue("filter", chosen);
  drawList(parentElement.querySelector(".ov-queue-box"), data, state);
}
