// A box whose content can be zoomed, and moved by dragging or the keyboard.

/** A box whose content can be zoomed, and moved by dragging or the keyboard. */
function viewport(content, label, base) {
  let scale = 1;
  const level = h('output', { class: 'zoom-level' }, '100%');
  const inner = h('div', { class: 'zoomed' }, content);
  const box = h('div', { class: 'viewport', tabindex: 0, role: 'region', 'aria-label': label }, inner);
  const set = (value) => {
    scale = Math.max(0.25, Math.min(4, value));
    inner.style.zoom = scale;
    level.textContent = `${Math.round(scale * 100)}%`;
  };
  const fit = (least) => {
    set(1);
    set(Math.max(least, Math.min(1, (box.clientWidth - 8) / (base ? base() : inner.scrollWidth))));
  };
  const button = (name, title, act) => h('button', { type: 'button', class: 'iconic', 'aria-label': title, title, onclick: act }, icon(name));
  box.addEventListener('keydown', (event) => {
    const act = { '+': () => set(scale * 1.2), '=': () => set(scale * 1.2), '-': () => set(scale / 1.2), 0: () => set(1) }[event.key];
    if (act && event.target === box && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      act();
    }
  });
  box.addEventListener(
    'wheel',
    (event) => {
      if (event.ctrlKey) {
        event.preventDefault();
        set(scale * (event.deltaY < 0 ? 1.1 : 1 / 1.1));
      }
    },
    { passive: false },
  );
  dragging(box);
  const tools = h(
    'div',
    { class: 'zoom-tools', role: 'group', 'aria-label': 'Zoom' },
    button('minus', 'Smaller', () => set(scale / 1.2)),
    level,
    button('plus', 'Larger', () => set(scale * 1.2)),
    h('button', { type: 'button', class: 'quiet-button', onclick: () => fit(0) }, 'Fit'),
  );
  return { box, tools, fit };
}

/** Moves what a box shows while the mouse drags its background. */
function dragging(box) {
  box.addEventListener('pointerdown', (start) => {
    if (start.pointerType !== 'mouse' || start.button !== 0 || start.target.closest('a[href], button, code, .rule-text, dd, text')) return;
    const left = box.scrollLeft,
      top = box.scrollTop,
      page = window.scrollY;
    const move = (event) => {
      box.scrollLeft = left - (event.clientX - start.clientX);
      box.scrollTop = top - (event.clientY - start.clientY);
      if (box.scrollHeight <= box.clientHeight) window.scrollTo(window.scrollX, page - (event.clientY - start.clientY));
    };
    const stop = () => {
      box.classList.remove('dragged');
      removeEventListener('pointermove', move);
      removeEventListener('pointerup', stop);
    };
    box.classList.add('dragged');
    addEventListener('pointermove', move);
    addEventListener('pointerup', stop);
    start.preventDefault();
    box.focus({ preventScroll: true });
  });
}
