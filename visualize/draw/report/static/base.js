// Elements are made of text and attributes only: nothing of the record ever becomes markup.

/** @param {string} tag @param {Object<string, any>} [props] @param {...(Node|string|number|null|undefined|false|Array)} children */
function h(tag, props, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (name === 'data') Object.assign(element.dataset, value);
    else element.setAttribute(name, value === true ? '' : String(value));
  }
  return put(element, ...children);
}

/** Appends nodes and texts, lists of them too; leaves out what is not there. */
function put(element, ...children) {
  element.append(
    ...children
      .flat(Infinity)
      .filter((child) => child !== null && child !== undefined && child !== false)
      .map((child) => (child instanceof Node ? child : String(child))),
  );
  return element;
}

const SVG = 'http://www.w3.org/2000/svg';

/** One of the page's own symbols; words beside it say the same. */
function icon(name) {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('class', 'icon');
  svg.setAttribute('aria-hidden', 'true');
  const use = document.createElementNS(SVG, 'use');
  use.setAttribute('href', `#i-${name}`);
  svg.append(use);
  return svg;
}

const find = (selector, root) => (root || document).querySelector(selector);
const view = (name) => find(`[data-view="${name}"]`);
const number = (value) => value.toLocaleString('en');
const plural = (count, word) => `${number(count)} ${word}${count === 1 ? '' : 's'}`;
const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

/** Says something to people who do not see the page. */
function announce(text) {
  find('[data-status]').textContent = text;
}

/** A button that copies what `text()` answers; says so for a moment. */
function copyButton(label, text) {
  const word = h('span', {}, label);
  return h(
    'button',
    {
      type: 'button',
      class: 'quiet-button',
      onclick: async () => {
        try {
          await navigator.clipboard.writeText(text());
        } catch {
          copyBySelection(text());
        }
        word.textContent = 'Copied';
        announce('Copied');
        setTimeout(() => {
          word.textContent = label;
        }, 1500);
      },
    },
    icon('copy'),
    word,
  );
}

/** Where the clipboard is refused (a page from a file): the old way. */
function copyBySelection(text) {
  const area = h('textarea', { class: 'visually-hidden' });
  area.value = text;
  document.body.append(area);
  area.select();
  document.execCommand('copy');
  area.remove();
}

/** A function that works out its answer the first time only. */
function once(make) {
  let made;
  return () => (made ??= make());
}
