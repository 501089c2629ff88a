// One per page: listens for news, counts clocks down, renews the lease, keeps the newest turn in view.
const later = (element, name, make) => (element[name] ??= make());

function clock(seconds) {
  const left = Math.abs(Math.round(seconds));
  const two = (number) => String(number).padStart(2, "0");
  const [days, hours] = [Math.floor(left / 86400), Math.floor((left % 86400) / 3600)];
  const [minutes, rest] = [Math.floor((left % 3600) / 60), left % 60];
  if (days > 0) return `${days} d ${hours} h`;
  if (hours > 0) return `${hours} h ${two(minutes)} min`;
  return `${minutes}:${two(rest)}`;
}

function tick(skew) {
  for (const element of document.querySelectorAll("[data-deadline]")) {
    const left = Number(element.dataset.deadline) - (Date.now() / 1000 + skew);
    const words = left >= 0 ? element.dataset.before : element.dataset.after;
    const text = (words || "%").replace("%", clock(left));
    if (element.textContent !== text) element.textContent = text;
    element.classList.toggle("ov-late", left < 0);
  }
}

// Keys of a card that was on the screen for less than this are not decisions: nobody has read it.
const UNREAD_MS = 500;
const FORM_MS = 4000;
const DECIDES = new Set(["a", "m", "e", "w", "x", "u", "s", "l", "b", "k", "t", "o", "p", "q", "g"]);
const OPENS_FORM = new Set(["e", "w", "x", "u", "s", "l", "o", "p", "q"]);

function cardOnScreen(state) {
  const card = document.querySelector("[data-card]")?.dataset.card ?? "";
  // While a card is drawn again it is gone for a moment; it was read all the same.
  if (card && card !== state.card) {
    state.card = card;
    state.cardAt = performance.now();
  }
  return card;
}

// The card's item stands in the address, so that a reload finds it. Not by the server: Streamlit draws
// its whole page anew for that, which took a fifth of the time from a key to the next card.
function placeInAddress() {
  const item = document.querySelector("[data-card]")?.dataset.card.split(":")[0];
  if (!item && !document.querySelector('.ov-row [data-press="next"]')) return; // being drawn
  const address = new URL(location.href);
  if ((address.searchParams.get("item") ?? undefined) === item) return;
  if (item) address.searchParams.set("item", item);
  else address.searchParams.delete("item");
  history.replaceState(history.state, "", address);
}

const typing = (target) => target instanceof HTMLElement && !["checkbox", "radio"].includes(target.type)
  && (target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName));

// Between the key that opens a form and the form itself, what is typed belongs to the form: it is
// kept and put there, and never taken for the key of another decision.
function guardKeys(state, event) {
  handOver(state); // what was typed before the form came stands before what is typed in it
  if (typing(event.target) || event.ctrlKey || event.metaKey || event.altKey) return;
  if (document.querySelector("dialog[open]")) return;
  const key = event.key.toLowerCase();
  const swallow = () => { event.preventDefault(); event.stopImmediatePropagation(); };
  cardOnScreen(state);
  if (state.formDueUntil > performance.now()) {
    swallow();
    if (event.type === "keydown" && event.key.length === 1) state.typed += event.key;
    return;
  }
  if (!DECIDES.has(key) || event.type !== "keydown") return;
  if (event.repeat || performance.now() - state.cardAt < UNREAD_MS) { swallow(); return; }
  if (OPENS_FORM.has(key) && document.querySelector(`.ov-row [data-key="${key}"]`)) {
    state.formDueUntil = performance.now() + FORM_MS;
    state.typed = "";
  }
}

function handOver(state) {
  if (!(state.formDueUntil > 0)) return;
  const field = document.querySelector(".ov-form textarea, .ov-form input[type=text]");
  if (!field) return;
  state.formDueUntil = 0;
  if (!state.typed) return;
  field.focus();
  field.setRangeText(state.typed, field.selectionStart, field.selectionEnd, "end");
  field.dispatchEvent(new Event("input", { bubbles: true }));
  state.typed = "";
}

// The newest words are what the draft answers, so they are in view; the mark "new" stays pinned above
// them for as long as what is new goes on (console.css).
function showNewest() {
  for (const element of document.querySelectorAll("[data-newest]")) {
    if (element.dataset.shown === element.dataset.newest) continue;
    element.dataset.shown = element.dataset.newest;
    element.scrollTop = element.scrollHeight;
  }
}

// Another card, or what became of a decision, is read from its head: who, how grave, what was done.
function showHead(state) {
  const item = document.querySelector("[data-card]")?.dataset.card.split(":")[0];
  const done = document.querySelector("p[role=status] b")?.textContent ?? "";
  if (!item || document.querySelector(".ov-form")) return;
  const head = `${item} ${done}`;
  if (state.head && state.head !== head) {
    document.querySelector('[data-testid="stMain"]')?.scrollTo(0, 0);
  }
  state.head = head;
}

// The line above the card belongs to the card, which is never redrawn underfoot; its words are.
function tellFate(fate) {
  const place = fate && document.querySelector(`[data-fate="${fate.delivery}"]`);
  if (!place) return;
  if (place.textContent !== fate.words) place.textContent = fate.words;
  document.querySelector('.ov-row [data-press="undo"]')?.remove();
}

// A rerun that is asked for while another runs leaves pieces of the old card behind for good
// (Streamlit 1.67): news wait until what was pressed is done.
const RUNS = new Set(["running", "rerunRequested", "stopRequested"]);

function tellNews(state) {
  if (!state.news) return;
  if (RUNS.has(document.querySelector('[data-testid="stApp"]')?.dataset.testScriptState)) return;
  const news = state.news;
  state.news = null;
  state.send(news);
}

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const state = later(parentElement, "__pulse", () => ({}));
  state.send = (news) => setTriggerValue("news", news);
  state.report = (news) => {
    state.news = { ...state.news, ...news, at: Date.now() };
    tellNews(state);
  };
  state.skew = data.now - Date.now() / 1000;
  tick(state.skew);
  showNewest();
  tellFate(data.fate);
  const status = parentElement.querySelector(".ov-pulse");
  const say = (live) => {
    status.textContent = live ? "Live" : "Reconnecting…";
    status.dataset.live = live ? "yes" : "no";
  };
  if (state.started) return;
  state.started = true;
  say(false);

  const connect = () => {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}/live`);
    state.socket = socket;
    socket.onopen = () => {
      say(true);
      state.report({}); // what happened since the page was drawn was told to nobody
    };
    socket.onmessage = (message) => {
      const changed = JSON.parse(message.data);
      if (changed.length) state.report({});
    };
    socket.onclose = (closed) => {
      if (state.ended) return;
      say(false);
      if (closed.code === 4401) location.reload();
      state.retry = setTimeout(connect, 1000 + Math.random() * 1000);
    };
  };
  const renew = () => {
    const item = document.querySelector("[data-card][data-mine]")?.dataset.card.split(":")[0];
    if (!item) return;
    fetch("/desk/lease", {
      method: "POST",
      headers: { "content-type": "application/json", "x-oversight": "desk" },
      body: JSON.stringify({ item }),
    })
      .then((answer) => {
        if (answer.status !== 409) return;
        document.dispatchEvent(new CustomEvent("oversight:press", { detail: { name: "lapsed", about: item } }));
      })
      .catch(() => {});
  };
  connect();
  state.changed = () => state.report({});
  document.addEventListener("oversight:changed", state.changed);
  state.formDueUntil = 0;
  state.keys = (event) => guardKeys(state, event);
  for (const kind of ["keydown", "keyup", "keypress"]) window.addEventListener(kind, state.keys, true);
  state.watch = setInterval(() => {
    cardOnScreen(state);
    placeInAddress();
    handOver(state);
    tellNews(state);
    showNewest();
    showHead(state);
  }, 60);
  state.clock = setInterval(() => { tick(state.skew); showNewest(); }, 500);
  state.lease = setInterval(renew, 30000);

  return () => {
    state.ended = true;
    state.started = false;
    clearInterval(state.clock);
    clearInterval(state.watch);
    for (const kind of ["keydown", "keyup", "keypress"]) window.removeEventListener(kind, state.keys, true);
    document.removeEventListener("oversight:changed", state.changed);
    clearInterval(state.lease);
    clearTimeout(state.retry);
    state.socket?.close();
    delete parentElement.__pulse;
  };
}
