// The list beside the card: how many wait, and the worst lines, each with its clock and its button.
function element(name, className, ...children) {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.append(...children);
  return made;
}

function badge(level) {
  return element("span", `ov-badge ov-${level.code}`, level.words);
}

function clock(line) {
  const made = element("span", line.late ? "ov-clock ov-late" : "ov-clock", line.clock);
  made.dataset.deadline = line.deadline;
  made.dataset.before = "% left";
  made.dataset.after = "% late";
  return made;
}

function drawLine(line, state) {
  const facts = element("div", "ov-soft", line.facts);
  const words = element("div", `ov-queue-line${line.mine ? " ov-mine" : ""}`,
    badge(line.level), " ", element("b", "", line.who), " ", clock(line), facts);
  const row = element("li", "", words);
  if (line.open) {
    const open = element("button", "ov-open", "Open");
    open.type = "button";
    open.dataset.item = line.item;
    open.title = `${line.level.words}: ${line.who}`;
    open.addEventListener("click", () => state.open(line.item));
    row.append(open);
  }
  return row;
}

function draw(root, data, state) {
  const focused = root.querySelector("button:focus")?.dataset.item;
  const parts = [element("h3", "ov-queue-head", data.head)];
  const counts = data.counts.map((one) => element("span", "", badge(one.level), ` ${one.count}`));
  parts.push(element("div", "ov-counts", ...counts));
  if (data.overdue) parts.push(element("p", "ov-late", data.overdue));
  parts.push(element("ul", "ov-queue", ...data.lines.map((line) => drawLine(line, state))));
  if (data.rest) parts.push(element("p", "ov-soft", data.rest));
  root.replaceChildren(...parts);
  if (focused) root.querySelector(`button[data-item="${focused}"]`)?.focus();
}

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const state = (parentElement.__queue ??= {});
  state.open = (item) => setTriggerValue("open", item);
  draw(parentElement.querySelector(".ov-queue-box"), data, state);
}
