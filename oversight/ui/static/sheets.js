// Two sheets over the page: the keys (?), and a search (/). Esc closes them; nothing else is lost.
const MARKED = /\u0002([^\u0003]*)\u0003/g;

function sheet(title, ...children) {
  const made = element("dialog", { className: "ov-sheet" }, element("h2", { textContent: title }), ...children);
  made.setAttribute("aria-label", title);
  const close = element("button", { type: "button", textContent: "Close" });
  close.append(" ", element("kbd", { textContent: "Esc" }));
  close.addEventListener("click", () => made.close());
  made.append(close);
  return made;
}

function addSheets(root, state) {
  const keys = element("dl");
  const words = element("input", { type: "text", maxLength: 200, autocomplete: "off" });
  words.setAttribute("aria-label", "Participant, or words that were said or sent");
  const note = element("div", { className: "ov-soft" });
  note.setAttribute("role", "status");
  const list = element("ul");
  state.sheets = { keys: sheet("Keys", keys), find: sheet("Search conversations", words, note, list) };
  state.keyList = keys;
  words.addEventListener("input", () => {
    clearTimeout(state.finding);
    state.finding = setTimeout(() => findWords(words.value, note, list), 250);
  });
  root.append(state.sheets.keys, state.sheets.find);
}

function drawKeys(state, keys) {
  const lines = keys.flatMap(([key, does]) => [element("dt", { textContent: key }), element("dd", { textContent: does })]);
  state.keyList.replaceChildren(...lines);
}

function openSheet(state, event) {
  if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return false;
  const wanted = { "?": state.sheets.keys, "/": state.sheets.find }[event.key];
  if (!wanted || document.querySelector("dialog[open]")) return false;
  event.preventDefault();
  wanted.showModal();
  wanted.querySelector("input")?.select();
  return true;
}

async function findWords(words, note, list) {
  note.textContent = "Searching…";
  try {
    const answer = await fetch("/desk/find", {
      method: "POST",
      headers: { "content-type": "application/json", "x-oversight": "desk" },
      body: JSON.stringify({ words }),
    });
    const { done, error } = await answer.json();
    note.textContent = done ? done.note : error;
    list.replaceChildren(...(done?.found ?? []).map(drawFound));
  } catch {
    note.textContent = "The search did not answer. Type again to repeat it.";
  }
}

// Opens in another tab: what one has in hand stays where it is.
function drawFound(one) {
  const link = element("a", { href: `/conversation?conversation=${encodeURIComponent(one.conversation)}`,
    target: "_blank", rel: "noopener", textContent: one.who });
  const line = element("li", {}, link, " ", element("span", { className: "ov-soft", textContent: one.facts }));
  if (one.excerpt) line.append(marked(one.excerpt));
  return line;
}

function marked(excerpt) {
  const words = element("p", { dir: "auto" });
  let from = 0;
  for (const found of excerpt.matchAll(MARKED)) {
    words.append(excerpt.slice(from, found.index), element("mark", { textContent: found[1] }));
    from = found.index + found[0].length;
  }
  words.append(excerpt.slice(from));
  return words;
}
