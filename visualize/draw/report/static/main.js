// Which view is shown: the part of the address behind # says. Then colours, keys and paper.

const VIEWS = [
  ['summary', 'Summary'],
  ['flows', 'Flows'],
  ['topology', 'Topology'],
  ['rules', 'Rules'],
  ['doubts', 'Assumed'],
  ['about', 'Reproduce'],
];
const tabOf = { flow: 'flows' };

function switchTo(name) {
  for (const [other] of [...VIEWS, ['flow']]) view(other).hidden = other !== name;
  for (const link of find('[data-nav]').children) {
    if (link.dataset.to === (tabOf[name] || name)) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
}

/** `#flow=12`, `#rule=FILE:LINE`, `#flows?verdict=dropped`, `#rules`: what the address asks for. */
function wanted() {
  const text = location.hash.slice(1);
  if (text.startsWith('flow=')) return { name: 'flow', flow: Number(text.slice(5)) };
  if (text.startsWith('rule=')) {
    let rule = text.slice(5);
    try {
      rule = decodeURIComponent(rule);
    } catch {
      /* as it stands */
    }
    return { name: 'rules', rule };
  }
  const [name, query] = text.split('?');
  return VIEWS.some(([known]) => known === name) ? { name, query } : { name: 'summary' };
}

let shown = null;
const scrolled = new Map();

function follow() {
  const ask = wanted();
  if (shown) scrolled.set(shown, window.scrollY);
  switchTo(ask.name);
  if (ask.name === 'flow') showFlow(ask.flow);
  if (ask.name === 'rules') buildRules();
  if (ask.name === 'topology') {
    buildTopology();
    markOnTopology(Number(new URLSearchParams(ask.query || '').get('flow')));
  }
  if (ask.name === 'flows') {
    const filters = Object.fromEntries([...new URLSearchParams(ask.query || '')].filter(([key]) => FILTERS.includes(key)));
    if (JSON.stringify(filters) !== JSON.stringify(flowList.filters)) applyFilters(filters);
    flowList.table.draw();
    if (shown === 'flow')
      flowList.table.focus(
        Math.max(
          0,
          flowList.shown.findIndex((flow) => flow.id === lastFlow),
        ),
      );
  }
  if (ask.name === 'flow') lastFlow = ask.flow;
  const key = ask.name;
  window.scrollTo(0, ask.name === 'flow' ? 0 : scrolled.get(key) || 0);
  if (ask.rule) showRule(ask.rule);
  else if (shown && shown !== ask.name && ask.name !== 'flows') find('main').focus({ preventScroll: true });
  document.title = `packetpath: ${ask.name === 'flow' ? `flow ${ask.flow}, ` : ''}${R.host.name || R.origin.snapshot}`;
  shown = ask.name;
}
let lastFlow = 0;

// -- colours ----------------------------------------------------------------------------------------------------------

const THEMES = ['', 'dark', 'light'];
function setTheme(theme) {
  if (theme) document.documentElement.dataset.theme = theme;
  else delete document.documentElement.dataset.theme;
  try {
    localStorage.setItem('packetpath-theme', theme);
  } catch {
    /* a page from a file may not store */
  }
}

function nextTheme() {
  const dark = matchMedia('(prefers-color-scheme: dark)').matches;
  const now = document.documentElement.dataset.theme || (dark ? 'dark' : 'light');
  setTheme(now === 'dark' ? 'light' : 'dark');
  announce(`Colours: ${now === 'dark' ? 'light' : 'dark'}`);
}

// -- keys -------------------------------------------------------------------------------------------------------------

addEventListener('keydown', (event) => {
  const typing = event.target.closest('input, select, textarea');
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === '/' && !typing) {
    event.preventDefault();
    if (shown !== 'flows' && shown !== 'rules') location.hash = '#flows';
    setTimeout(() => find(shown === 'rules' ? '#f-rules' : '#f-q').focus(), 0);
  } else if (event.key === 'Escape' && shown === 'flow') location.hash = flowsLink();
  else if (!typing && shown === 'flow' && (event.key === 'j' || event.key === 'k')) {
    const link = find(`[data-step="${event.key === 'j' ? 1 : -1}"]`);
    if (link) location.hash = link.hash;
  }
});

// -- paper ------------------------------------------------------------------------------------------------------------

addEventListener('beforeprint', () => {
  buildTopology();
  flowList.table.beforePrint();
});
addEventListener('afterprint', () => flowList.table.afterPrint());

// -- the beginning ----------------------------------------------------------------------------------------------------

find('[data-hostname]').textContent = R.host.name || R.origin.snapshot;
const badgeOf = { flows: FLOWS.length, doubts: doubtGroups().length };
put(
  find('[data-nav]'),
  VIEWS.map(([name, title]) =>
    h('a', { href: `#${name}`, data: { to: name } }, title, badgeOf[name] ? h('span', { class: 'pill' }, number(badgeOf[name])) : null),
  ),
);
find('[data-theme-button]').addEventListener('click', nextTheme);
find('[data-skip]').addEventListener('click', (event) => {
  event.preventDefault();
  find('main').focus();
});
try {
  const theme = localStorage.getItem('packetpath-theme');
  if (THEMES.includes(theme)) setTheme(theme);
} catch {
  /* nothing stored */
}
buildSummary();
buildFlows();
buildDoubts();
buildAbout();
addEventListener('hashchange', follow);
follow();
