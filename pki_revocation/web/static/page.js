/* What the page does beside its forms, which work without it: typing errors are told before anything is sent, a pasted
   line is put into its fields, the other language takes along what was chosen, and a confirmation keeps its last lines fresh. Sends nothing of what was typed, keeps
   nothing. The rules are those of crockford.py, numbers.py, codes.py and web/typed.py, and tests hold both together. */

"use strict";

const reading = (() => {
  const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  const SEPARATORS = /[\t-\r \u0085\u00a0\u00ad\u1680\u2000-\u200f\u2028-\u202f\u205f-\u2064\u2066-\u206f\u3000\ufeff.\u2010-\u2015\u2212\ufe58\ufe63\uff0d-]+/g;
  const BETWEEN_WORDS = /[\t-\r \u0085\u00a0\u2000-\u200f\u2028-\u202f\u2066-\u2069\u3000\ufeff,;:|/=()<>"']+/;
  const DIGITS = 12;
  const CODE_LENGTHS = [17, 25];
  const LONGEST_LINE = 200;
  const MOST_WORDS = 40;

  const symbols = (text) => text.replace(SEPARATORS, "").replace(/[a-z]/g, (letter) => letter.toUpperCase())
    .replace(/O/g, "0").replace(/[IL]/g, "1");

  function isNumber(text) {
    const digits = symbols(text);
    // ISO 7064 mod 97,10: the whole, check digits included, leaves 1.
    return /^[0-9]{12}$/.test(digits) && Number(digits) % 97 === 1;
  }

  function isCode(text) {
    const code = symbols(text);
    if (!CODE_LENGTHS.includes(code.length)) return false;
    let value = 0;
    for (const symbol of code.slice(0, -1)) {
      const place = ALPHABET.indexOf(symbol);
      if (place < 0) return false;
      value = (value * 32 + place) % 37;
    }
    return value === ALPHABET.indexOf(code.slice(-1));
  }

  function runs(words, lengths) {
    const found = [];
    words.forEach((_, begin) => {
      let joined = "";
      for (let end = begin; end < words.length && joined.length <= Math.max(...lengths); end += 1) {
        joined += words[end];
        if (lengths.includes(joined.length)) found.push([begin, end + 1, joined]);
      }
    });
    return found;
  }

  function pairs(text) {
    if ([...text].length > LONGEST_LINE) return [];
    const found = [];
    const take = (number, code) => { if (isNumber(number) && isCode(code)) found.push([number, code]); };
    const whole = symbols(text);
    for (const length of CODE_LENGTHS) {
      if (whole.length === DIGITS + length) {
        take(whole.slice(0, DIGITS), whole.slice(DIGITS));
        take(whole.slice(length), whole.slice(0, length));
      }
    }
    const words = text.split(BETWEEN_WORDS).map(symbols).filter((word) => word);
    if (words.length > MOST_WORDS) return found;
    const numbers = runs(words, [DIGITS]);
    for (const [begin, end, code] of runs(words, CODE_LENGTHS)) {
      for (const [first, last, number] of numbers) {
        if (last <= begin || end <= first) take(number, code);
      }
    }
    return found;
  }

  function sortedOut(number, code) {
    if (isNumber(number) && isCode(code)) return [number, code];
    if (isNumber(code) && isCode(number)) return [code, number];
    const found = new Map([number, code].flatMap(pairs).map((pair) => [pair.join(" "), pair]));
    return found.size === 1 ? [...found.values()][0] : [number, code];
  }

  const grouped = (text, between) => text.match(/.{1,4}/g).join(between);

  return { symbols, isNumber, isCode, sortedOut, grouped };
})();

/* Number and code: what the server would say of a typing error, said before anything is sent. */
function checkBeforeSending(form) {
  const number = form.elements.number;
  const code = form.elements.code;
  const title = document.title;

  const isSafe = () => reading.isNumber(number.value) && reading.isCode(code.value);

  // A pasted line with both, or the fields the wrong way round, is put right where people can see it.
  function sortOut() {
    const [itsNumber, itsCode] = reading.sortedOut(number.value, code.value);
    if (itsNumber === number.value && itsCode === code.value) return false;
    number.value = reading.grouped(reading.symbols(itsNumber), " ");
    code.value = reading.grouped(reading.symbols(itsCode), "-");
    return true;
  }

  function formErrorOf(field, isRight) {
    if (!field.value.trim()) return form.dataset[`${field.id}Empty`];
    return isRight(field.value) ? "" : form.dataset[`${field.id}Mistyped`];
  }

  function show(field, text) {
    document.getElementById(`${field.id}-form-error`)?.remove();
    field.removeAttribute("aria-invalid");
    field.setAttribute("aria-describedby", `${field.id}-hint`);
    if (!text) return;
    const line = document.createElement("p");
    line.className = "form-error";
    line.id = `${field.id}-form-error`;
    const mark = document.createElement("span");
    mark.className = "unseen";
    mark.textContent = `${form.dataset.error} `;
    line.append(mark, text);
    field.before(line);
    field.setAttribute("aria-invalid", "true");
    field.setAttribute("aria-describedby", `${field.id}-hint ${field.id}-form-error`);
  }

  function summarise(formErrors) {
    document.getElementById("form-errors")?.remove();
    const box = document.createElement("div");
    box.className = "summary";
    box.id = "form-errors";
    box.tabIndex = -1;
    box.setAttribute("role", "alert");
    box.setAttribute("aria-labelledby", "form-errors-title");
    const heading = document.createElement("h2");
    heading.id = "form-errors-title";
    heading.textContent = form.dataset.summary;
    const list = document.createElement("ul");
    for (const [field, text] of formErrors) {
      const link = document.createElement("a");
      link.href = `#${field.id}`;
      link.textContent = text;
      const item = document.createElement("li");
      item.append(link);
      list.append(item);
    }
    box.append(heading, list);
    document.getElementById("main").prepend(box);
    if (!title.startsWith(form.dataset.error)) document.title = `${form.dataset.error} ${title}`;
    box.focus();
  }

  form.addEventListener("submit", (event) => {
    sortOut();
    const found = [[number, formErrorOf(number, reading.isNumber)], [code, formErrorOf(code, reading.isCode)]];
    for (const [field, text] of found) show(field, text);
    const formErrors = found.filter(([, text]) => text);
    if (formErrors.length === 0) return;
    event.preventDefault();
    summarise(formErrors);
  });

  for (const field of [number, code]) {
    field.addEventListener("paste", () => setTimeout(() => {
      if (sortOut() && isSafe()) document.getElementById("sorted").textContent = form.dataset.sorted;
    }));
  }
}

/* The summary's links lead to the field itself, also where a browser would only scroll. */
document.addEventListener("click", (event) => {
  const link = event.target.closest?.(".summary a");
  const field = link && document.getElementById(link.hash.slice(1));
  if (!field) return;
  event.preventDefault();
  field.focus();
});

/* What relying parties see now: asked again until all of it is there, and less and less often. */
function keepFresh(section) {
  const lines = section.querySelector("ul");
  let wait = 1000;

  async function look() {
    try {
      const answer = await fetch(section.dataset.address, { cache: "no-store", credentials: "omit" });
      if (answer.status === 404) return;
      if (answer.ok) {
        const now = await answer.json();
        const said = [...lines.children].map((line) => line.textContent);
        // A screen reader says a line that changed, and not the same lines each time.
        if (said.join("\n") !== now.lines.join("\n")) {
          lines.replaceChildren(...now.lines.map((text) => {
            const line = document.createElement("li");
            line.textContent = text;
            return line;
          }));
        }
        section.querySelector(".looked").textContent = now.looked;
        if (now.settled) return;
      }
    } catch {
      // Without a network what is shown stays, with the time at which it was true.
    }
    wait = Math.min(wait * 1.5, 30000);
    setTimeout(look, wait);
  }

  if (section.dataset.settled !== "true") setTimeout(look, wait);
}

/* Without this script the other language begins the second step anew. */
function takeChoicesAlong(languages, choices) {
  languages.addEventListener("formdata", (event) => {
    for (const [name, value] of new FormData(choices)) {
      if (!event.formData.has(name)) event.formData.append(name, value);
    }
  });
}

const form = document.getElementById("identify");
if (form) checkBeforeSending(form);
const languages = document.querySelector(".languages form");
const choices = document.getElementById("confirm") ?? document.getElementById("raise");
if (languages && choices) takeChoicesAlong(languages, choices);
const visible = document.getElementById("visible");
if (visible) keepFresh(visible);
