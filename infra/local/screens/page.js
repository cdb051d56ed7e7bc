/**
 * What the CloudWatch console does with a custom widget: shows the HTML of a function, and binds each `cwdb-action` to the element
 * right before it. Only this part is of this machine; what is drawn and done is by the functions themselves.
 */

const widget = document.getElementById('widget');
const popup = document.getElementById('popup');
const question = document.getElementById('question');
const working = document.getElementById('working');

/** The parameters of the widget, as the stack gives them. */
const parameters = { screen: 'all', late: '1h' };

/** What was shown last: drawn again by "Refresh". */
let shown = parameters;

/** The operator's own choice; undefined: as the system has it. */
let theme;
const isSystemDark = window.matchMedia('(prefers-color-scheme: dark)');

async function call(endpoint, event) {
  working.textContent = 'one moment ...';
  try {
    const response = await fetch('/call', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ endpoint, event: { ...event, widgetContext: context() } }),
    });
    working.textContent = '';
    return await response.json();
  } catch (error) {
    working.textContent = 'the stack does not answer: does it run still?';
    throw error;
  }
}

function context() {
  const fields = [...widget.querySelectorAll('input[name], select[name], textarea[name]')];
  return {
    dashboardName: 'local',
    theme: theme ?? (isSystemDark.matches ? 'dark' : 'light'),
    timeRange: { mode: 'relative', start: Date.now() - 43_200_000, end: Date.now() },
    forms: { all: Object.fromEntries(fields.map((field) => [field.name, field.value])) },
    params: parameters,
    width: widget.clientWidth,
    height: widget.clientHeight,
  };
}

async function show(event) {
  const html = await call('showq', event);
  shown = event;
  fill(widget, html);
}

function fill(place, html) {
  place.innerHTML = html;
  for (const form of place.querySelectorAll('form'))
    form.addEventListener('submit', (submitted) => submitted.preventDefault());
  for (const action of place.querySelectorAll('cwdb-action')) {
    action.hidden = true;
    const on = action.getAttribute('event') ?? 'click';
    action.previousElementSibling?.addEventListener(on, () => void act(action));
  }
}

async function act(action) {
  const confirmation = action.getAttribute('confirmation');
  if (confirmation !== null && !(await ask(confirmation))) return;
  const calls = action.getAttribute('action') === 'call';
  const event = calls ? JSON.parse(action.textContent || '{}') : {};
  const html = calls ? await call(action.getAttribute('endpoint'), event) : action.innerHTML;
  if (action.getAttribute('display') !== 'popup') {
    fill(widget, html);
    return;
  }
  fill(popup.querySelector('.content'), html);
  if (popup.open) document.getElementById('close').focus();
  else popup.showModal();
}

function ask(text) {
  question.querySelector('.content').textContent = text;
  question.showModal();
  return new Promise((answered) => {
    const answer = (yes) => () => {
      question.close();
      answered(yes);
    };
    document.getElementById('yes').onclick = answer(true);
    document.getElementById('no').onclick = answer(false);
    question.oncancel = answer(false);
  });
}

document.getElementById('close').addEventListener('click', () => popup.close());
document.getElementById('refresh').addEventListener('click', () => void show(shown));
const themeButton = document.getElementById('theme');

/** The page goes as the system does until the button is pressed; the screens are drawn in the same theme. */
function applyTheme() {
  const isDark = (theme ?? (isSystemDark.matches ? 'dark' : 'light')) === 'dark';
  document.documentElement.className = isDark ? 'dark' : 'light';
  themeButton.textContent = isDark ? 'Light' : 'Dark';
}

themeButton.addEventListener('click', () => {
  theme = document.documentElement.className === 'dark' ? 'light' : 'dark';
  applyTheme();
  void show(shown);
});
isSystemDark.addEventListener('change', () => {
  if (theme !== undefined) return;
  applyTheme();
  void show(shown);
});
applyTheme();
void show(parameters);
