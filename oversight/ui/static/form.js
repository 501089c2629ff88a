// The form of one decision: text with a live word diff, flags, reason, next owner. It saves
// unfinished wording every two seconds to the record and sends only when told to.
const SAVE_AFTER = 1500;
const WORDS = /(\s+|[^\s\p{L}\p{N}]|[\p{L}\p{N}]+)/gu;

// Longest common subsequence over words; long texts are first trimmed of what they share.
function wordDiff(before, after) {
  const a = before.match(WORDS) ?? [];
  const b = after.match(WORDS) ?? [];
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start += 1;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a.at(-1 - end) === b.at(-1 - end)) end += 1;
  const x = a.slice(start, a.length - end);
  const y = b.slice(start, b.length - end);
  const middle = x.length * y.length > 4_000_000
    ? [["gone", x.join("")], ["new", y.join("")]]
    : middleDiff(x, y);
  return [["same", a.slice(0, start).join("")], ...middle, ["same", end ? a.slice(-end).join("") : ""]]
    .filter(([, text]) => text);
}

function middleDiff(x, y) {
  const width = y.length + 1;
  const best = new Uint32Array((x.length + 1) * width);
  for (let i = x.length - 1; i >= 0; i -= 1) {
    for (let j = y.length - 1; j >= 0; j -= 1) {
      best[i * width + j] = x[i] === y[j]
        ? best[(i + 1) * width + j + 1] + 1
        : Math.max(best[(i + 1) * width + j], best[i * width + j + 1]);
    }
  }
  const parts = [];
  const push = (kind, text) => {
    if (parts.length && parts.at(-1)[0] === kind) parts.at(-1)[1] += text;
    else parts.push([kind, text]);
  };
  let [i, j] = [0, 0];
  while (i < x.length || j < y.length) {
    if (i < x.length && j < y.length && x[i] === y[j]) { push("same", x[i]); i += 1; j += 1; }
    else if (j >= y.length || (i < x.length && best[(i + 1) * width + j] >= best[i * width + j + 1])) {
      push("gone", x[i]); i += 1;
    } else { push("new", y[j]); j += 1; }
  }
  return parts;
}

function drawDiff(box, before, after) {
  const marks = { same: "span", gone: "del", new: "ins" };
  box.replaceChildren(...wordDiff(before, after).map(
    ([kind, text]) => element(marks[kind], { textContent: text }),
  ));
}

function build(root, data, state) {
  const form = element("form", { className: "ov-form", noValidate: true });
  form.setAttribute("aria-label", data.title);
  form.append(element("h3", { textContent: data.title }));
  if (data.hint) form.append(element("p", { className: "ov-hint", textContent: data.hint }));
  const trouble = element("p", { className: "ov-trouble", hidden: true });
  trouble.setAttribute("role", "alert");
  const fields = {};

  if (data.text) {
    const id = `ov-text-${data.id}`;
    const area = element("textarea", { id, value: data.text.value, maxLength: 20000, rows: 6 });
    area.lang = data.text.language || "";
    const saved = element("span", { className: "ov-saved" });
    saved.setAttribute("aria-live", "polite");
    form.append(element("label", { htmlFor: id, textContent: data.text.label }), area);
    if (data.text.toThem) form.append(writingHelp(data.text, area));
    const before = data.text.before ?? "";
    if (before) {
      const diff = element("div", { className: "ov-diff", tabIndex: 0 });
      diff.setAttribute("aria-label", "What changes, word by word");
      form.append(element("div", { className: "ov-diff-head", textContent: "What changes" }), diff);
      const redraw = () => drawDiff(diff, before, area.value);
      area.addEventListener("input", redraw);
      redraw();
    }
    form.append(saved);
    if (data.text.toThem) {
      area.addEventListener("input", () => keep(data, state, area, saved));
      form.append(preview(area));
    }
    fields.text = () => area.value;
  }
  if (data.flags) {
    const legend = element("legend", { textContent: data.flags.label });
    const set = element("fieldset", {}, legend);
    const list = element("div", { className: "ov-flag-list" });
    for (const group of data.flags.groups) {
      const row = element("div", { className: "ov-flags" });
      row.append(element("div", { className: "ov-flag-group", textContent: group.label }));
      for (const flag of group.flags) {
        const box = element("input", { type: "checkbox", value: flag.code });
        box.checked = flag.chosen;
        row.append(element("label", {}, box, element("span", { textContent: flag.text })));
      }
      list.append(row);
    }
    if (data.flags.required) {
      list.classList.add("ov-flag-box");
      set.append(list);
    } else {
      set.replaceChildren(element("details", {}, element("summary", { textContent: data.flags.label }), list));
      set.setAttribute("aria-label", data.flags.label);
    }
    form.append(set);
    fields.flags = () => [...set.querySelectorAll("input:checked")].map((box) => box.value);
  }
  if (data.choice) {
    const id = `ov-choice-${data.id}`;
    const select = element("select", { id });
    select.append(element("option", { value: "", textContent: data.choice.empty }));
    for (const [value, text] of data.choice.options) {
      select.append(element("option", { value, textContent: text }));
    }
    form.append(element("label", { htmlFor: id, textContent: data.choice.label }), select);
    fields.choice = () => select.value;
  }
  if (data.reason) {
    const id = `ov-reason-${data.id}`;
    const reason = element("input", { id, type: "text", maxLength: 1000, autocomplete: "off" });
    reason.required = Boolean(data.reason.required);
    form.append(element("label", { htmlFor: id, textContent: data.reason.label }), reason);
    if (data.reason.suggestions?.length) {
      const list = element("div", { className: "ov-suggestions" });
      for (const words of data.reason.suggestions) {
        const pick = element("button", { type: "button", textContent: words });
        pick.addEventListener("click", () => { reason.value = words; reason.focus(); });
        list.append(pick);
      }
      form.append(list);
    }
    fields.reason = () => reason.value;
  }
  form.append(trouble);
  const send = element("button", { type: "submit", className: "ov-send", textContent: data.submit });
  const keys = element("kbd", { textContent: "Ctrl+Enter" });
  send.append(" ", keys);
  const cancel = element("button", { type: "button", className: "ov-cancel", textContent: "Go back" });
  cancel.append(" ", element("kbd", { textContent: "Esc" }));
  form.append(element("div", { className: "ov-buttons" }, send, cancel));

  const gather = () => Object.fromEntries(Object.entries(fields).map(([name, read]) => [name, read()]));
  const complain = (words, field) => {
    state.sent = false;
    send.disabled = false;
    trouble.textContent = words;
    trouble.hidden = false;
    if (field) form.querySelector(field)?.focus({ preventScroll: true });
    trouble.scrollIntoView({ block: "nearest" });
  };
  const submit = () => {
    if (state.sent) return;
    const values = gather();
    const missing = firstMissing(data, values);
    if (missing) { complain(...missing); return; }
    state.sent = true;
    send.disabled = true;
    forget(state);
    press(state, "send", data.id, { ...values, item: data.item, toThem: Boolean(data.text?.toThem) });
  };
  form.addEventListener("submit", (event) => { event.preventDefault(); submit(); });
  const leave = () => { keepNow(state); press(state, "close", data.id); };
  cancel.addEventListener("click", leave);
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); submit(); }
    if (event.key === "Escape") { event.preventDefault(); leave(); }
    event.stopPropagation();
  });
  form.addEventListener("input", () => { trouble.hidden = true; });
  root.replaceChildren(form);
  const first = form.querySelector("textarea, select, input[type=text]");
  first?.focus();
  if (first?.setSelectionRange && data.text) first.setSelectionRange(first.value.length, first.value.length);
  form.scrollIntoView({ block: "end" });
  return complain;
}

const BLANK = /\{\{[^{}]*\}\}/;

// Selects the next blank of a template after the cursor, else the first one.
function nextBlank(area) {
  const from = area.value.slice(area.selectionEnd).search(BLANK);
  const at = from >= 0 ? area.selectionEnd + from : area.value.search(BLANK);
  if (at < 0) return;
  area.focus();
  area.setSelectionRange(at, at + area.value.slice(at).match(BLANK)[0].length);
}

function putIn(area, text) {
  const gap = area.selectionStart > 0 && !/\s$/.test(area.value.slice(0, area.selectionStart)) ? " " : "";
  area.focus();
  area.setRangeText(gap + text, area.selectionStart, area.selectionEnd, "end");
  area.dispatchEvent(new Event("input", { bubbles: true }));
}

// Words to begin from, the crisis line by one key, and how the text reads.
function writingHelp(field, area) {
  const row = element("div", { className: "ov-writing" });
  if (field.wordings.length) {
    const pick = element("select", {});
    pick.setAttribute("aria-label", "Begin from a template");
    pick.append(element("option", { value: "", textContent: "Begin from a template…" }));
    field.wordings.forEach((one, number) => {
      pick.append(element("option", { value: number, textContent: one.title }));
    });
    pick.addEventListener("change", () => {
      if (pick.value === "") return;
      const start = area.selectionStart;
      putIn(area, field.wordings[pick.value].text);
      pick.value = "";
      area.setSelectionRange(start, start);
      nextBlank(area);
    });
    row.append(pick);
  }
  const keys = { F9: () => nextBlank(area) };
  if (field.crisisLine) {
    keys.F8 = () => putIn(area, field.crisisLine);
    const line = element("button", { type: "button", textContent: "Put in the crisis line" });
    line.append(" ", element("kbd", { textContent: "F8" }));
    line.title = field.crisisLine;
    line.addEventListener("click", keys.F8);
    row.append(line);
  }
  area.addEventListener("keydown", (event) => {
    if (!keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
  });
  const hint = element("span", { className: "ov-reads" });
  const tell = () => { hint.textContent = readingHint(area.value); };
  area.addEventListener("input", tell);
  tell();
  row.append(hint);
  return row;
}

// LIX (Björnsson 1968): words a sentence, plus the share of words of more than six letters; it holds
// for any language written in words. From 50 on a text is hard, more so for somebody upset.
function readingHint(text) {
  const words = text.match(/[\p{L}\p{N}'’-]+/gu) ?? [];
  if (!words.length) return "";
  const count = `${words.length} ${words.length === 1 ? "word" : "words"}`;
  const blank = text.match(BLANK);
  if (blank) return `${count} · still to fill in: ${blank[0]} (F9)`;
  if (words.length < 10) return count;
  const sentences = Math.max(1, (text.match(/[.!?…:]+(\s|$)/g) ?? []).length);
  const long = words.filter((word) => word.length > 6).length;
  const lix = words.length / sentences + (100 * long) / words.length;
  const reads = lix < 35 ? "easy to read" : lix < 50 ? "reads well" : "hard to read: shorter words or sentences";
  return `${count} · ${reads}${words.length > 120 ? " · long for somebody upset" : ""}`;
}

function preview(area) {
  const words = element("p", { className: "ov-words ov-bubble", dir: "auto" });
  const show = () => { words.textContent = area.value; };
  area.addEventListener("input", show);
  show();
  return element("details", { className: "ov-preview" },
    element("summary", { textContent: "As the participant will see it" }), words);
}

// What to say, and the field to go to; nothing when the form can be sent.
function firstMissing(data, values) {
  if (data.text && !values.text.trim()) return ["Write the text to send first.", "textarea"];
  const blank = data.text && values.text.match(BLANK);
  if (blank) return [`Fill in or take out ${blank[0]} first: the participant would see it.`, "textarea"];
  if (data.text?.mustChange && values.text === data.text.before) {
    return ["The text is unchanged. Change it, or go back and approve it.", "textarea"];
  }
  if (data.flags?.required && !values.flags.length) {
    return ["Choose what was wrong with the draft.", "input[type=checkbox]"];
  }
  if (data.choice?.required && !values.choice) return [data.choice.missing, "select"];
  if (data.reason?.required && !values.reason.trim()) return ["Write a reason first.", "input[type=text]"];
  return null;
}

function forget(state) {
  clearTimeout(state.timer);
  state.save = null;
}

// Whoever leaves the form or the page within a second of typing loses nothing either.
function keepNow(state) {
  const save = state.save;
  forget(state);
  save?.();
}

function keepText(item, text) {
  return fetch("/desk/wording", {
    method: "POST",
    keepalive: true,
    headers: { "content-type": "application/json", "x-oversight": "desk" },
    body: JSON.stringify({ item, text }),
  });
}

// Kept at most two seconds after a key, also while the typing goes on.
function keep(data, state, area, saved) {
  saved.textContent = "";
  if (state.save) return;
  const save = async () => {
    forget(state);
    try {
      const answer = await keepText(data.item, area.value);
      saved.textContent = answer.ok ? "Kept" : "Not kept yet: the record cannot be reached. Go on writing.";
      if (!answer.ok) later(state, save, 3000);
    } catch {
      saved.textContent = "Not kept yet: no connection. Go on writing.";
      later(state, save, 3000);
    }
  };
  later(state, save, SAVE_AFTER);
}

function later(state, save, milliseconds) {
  state.save = save;
  state.timer = setTimeout(save, milliseconds);
}

// The words of a form that goes are kept; those of one that stays are never touched.
function drawForm(root, data, state) {
  state.keepWords = () => keepNow(state);
  if (!data) {
    keepNow(state);
    state.form = state.complain = null;
    root.replaceChildren();
    return;
  }
  if (state.form !== data.id) {
    keepNow(state);
    Object.assign(state, { form: data.id, sent: false, trouble: "" });
    state.complain = build(root, data, state);
  }
  if (data.trouble && data.trouble !== state.trouble) state.complain(data.trouble.split("\u0000")[0]);
  state.trouble = data.trouble;
}
