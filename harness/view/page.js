'use strict';
/* The page of one trace. Only the rows in sight exist; everything is drawn from `data`. */
(() => {
  const data = JSON.parse(document.getElementById('data').textContent);
  const at = id => document.getElementById(id);
  const steps = data.steps, count = steps.length, ROW = 26, LANE = 20;
  const laneX = i => 10 + i * LANE, laneColour = i => `var(--l${i % 8})`;
  const critical = data.critical.step;
  let here = 1;

  const make = (tag, attributes = {}, ...children) => {
    const node = document.createElement(tag);
    for (const [key, value] of Object.entries(attributes))
      if (key === 'class') node.className = value;
      else if (key.startsWith('on')) node.addEventListener(key.slice(2), value);
      else if (value !== false && value != null) node.setAttribute(key, value === true ? '' : value);
    node.append(...children.filter(child => child != null));
    return node;
  };
  const draw = (tag, attributes = {}) => {
    const node = document.createElementNS('http://www.w3.org/2000/svg', tag);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    return node;
  };
  const base = file => file.replace(/^.*\//, '');
  const place = step => step.file ? `${base(step.file)}:${step.line}` : '';
  const nameOf = step => step.thread == null ? 'clock' : data.threads[step.thread].name;
  const plural = (n, word) => `${n} ${word}${n === 1 ? '' : 's'}`;
  const level = n => n > 2147380000 && n <= 2147483647 ? (n === 2147483647 ? 'max' : `max-${2147483647 - n}`) : String(n);
  const link = n => make('button', {class: 'step', type: 'button', onclick: () => go(n)}, String(n));

  /* Marks: faults, the critical step, errors, ends, the begin of the cycle. */
  const marks = [];
  steps.forEach((step, i) => {
    const bad = (step.events || []).some(e => ['crash', 'error', 'failed', 'stop', 'finding'].includes(e.kind));
    if (step.faults || bad) marks.push({n: i + 1, kind: 'bad'});
    if (i + 1 === critical) marks.push({n: i + 1, kind: 'critical'});
    if (i + 1 === data.loop) marks.push({n: i + 1, kind: 'critical'});
    if ((step.events || []).some(e => e.kind === 'end' || e.kind === 'note')) marks.push({n: i + 1, kind: 'event'});
  });
  if (count > 0) marks.push({n: count, kind: 'event'});

  /* ---- what does not change ---- */

  at('verdict').textContent = data.verdict + (data.property ? ': ' + data.property : '');
  at('scenario').textContent = data.scenario || base(data.program);
  at('message').textContent = data.message;
  at('facts').textContent = [plural(count, 'step'), plural(data.preemptions, 'preemption'), plural(data.faults, 'fault'),
    data.minimal ? 'no shorter one exists' : 'not proved minimal',
    `${base(data.program)} ${data.arguments.slice(1).join(' ')}`].join('  ·  ');
  at('why').textContent = data.why || data.message;
  at('levels-section').hidden = data.objects.length === 0;
  at('loop').hidden = data.loop == null;
  at('loop').textContent = `Steps ${data.loop} to ${count} repeat for ever.`;
  at('critical').textContent = data.critical.text || 'It was not looked for.';
  at('replay').textContent = data.replay;
  document.querySelector('#to-critical').hidden = critical == null;

  const short = (n, who, step) => `${n}  ${who}: ${step.operation} -> ${step.result}`;
  if (data.critical.branch != null && data.critical.passing.length > 0) {
    at('beside').hidden = false;
    const from = data.critical.branch;
    for (let n = Math.max(1, from - 2); n < Math.min(from + 4, count + 1); n++)
      at('taken').append(make('li', {class: n === from ? 'differs' : ''}, short(n, nameOf(steps[n - 1]), steps[n - 1])));
    for (let n = Math.max(1, from - 2); n < from; n++)
      at('passing').append(make('li', {}, short(n, nameOf(steps[n - 1]), steps[n - 1])));
    data.critical.passing.slice(0, 4).forEach((step, i) =>
      at('passing').append(make('li', {class: i === 0 ? 'differs' : ''}, short(from + i, step.who, step))));
    const rest = data.critical.passing_count - 4;
    if (rest > 0) at('passing').append(make('li', {class: 'gone'}, `... and ${plural(rest, 'step')} more: all is well`));
  }

  data.threads.forEach((thread, i) => at('lanes-head').append(
    make('span', {}, make('i', {style: `background:${laneColour(i)}`}), thread.name)));

  at('scrub').max = count;
  const overview = at('marks');
  overview.setAttribute('viewBox', `0 0 ${Math.max(1, count - 1)} 12`);
  for (const mark of marks)
    overview.append(draw('line', {x1: mark.n - 1, x2: mark.n - 1, y1: mark.kind === 'event' ? 6 : 0, y2: 12,
      'vector-effect': 'non-scaling-stroke', 'stroke-width': mark.kind === 'event' ? 1.5 : 3,
      stroke: mark.kind === 'bad' ? 'var(--bad)' : mark.kind === 'critical' ? 'var(--warn)' : 'var(--quiet)'}));

  const cursors = [];

  /* ---- the steps in sight ---- */

  const scroll = at('steps'), canvas = at('canvas'), gutter = data.threads.length * LANE + 12;
  canvas.style.height = count * ROW + 'px';
  const lanes = draw('svg', {width: gutter, 'aria-hidden': 'true'});
  canvas.append(lanes);
  const shown = new Map();

  const remark = step => {
    const parts = [...(step.faults || []).map(text => ['fault: ' + text, true]),
      ...(step.events || []).filter(e => e.kind !== 'log').map(e => [
        (e.who === nameOf(step) ? '' : e.who + ' ') + e.text, ['crash', 'error', 'failed', 'stop', 'finding'].includes(e.kind)])];
    return parts.map(([text, bad]) => make('span', {class: bad ? 'say bad' : 'say'}, '  ' + text));
  };
  const row = n => {
    const step = steps[n - 1];
    return make('div', {class: `row${n === critical ? ' critical' : ''}${step.faults ? ' fault' : ''}${data.loop != null && n >= data.loop ? ' loop' : ''}`, role: 'option', id: `step-${n}`,
        'aria-selected': 'false', 'aria-posinset': n, 'aria-setsize': count, style: `top:${(n - 1) * ROW}px`, onclick: () => go(n),
        'aria-label': speak(n)},
      make('span', {class: 'n'}, String(n)), make('span', {style: `flex:none;width:${gutter}px`}),
      make('span', {class: 'what', title: `${nameOf(step)}: ${step.operation} -> ${step.result}`}, step.operation,
        make('span', {class: 'result'}, ` \u2192 ${step.result}${step.expired ? ' (timed out)' : ''}`), ...remark(step)),
      make('span', {class: 'at'}, place(step)));
  };
  const drawLanes = (from, to) => {
    lanes.replaceChildren();
    data.threads.forEach((thread, i) => {
      const first = Math.max(thread.first, from), last = Math.min(thread.last == null ? count : thread.last, to);
      if (first <= last)
        lanes.append(draw('line', {x1: laneX(i), x2: laneX(i), y1: (first - .5) * ROW, y2: (last - .5) * ROW,
          stroke: laneColour(i), 'stroke-width': 1.5, opacity: .35}));
    });
    for (const message of data.messages) {
      if (message.read == null || message.read < from || message.written > to) continue;
      const a = steps[message.written - 1].thread, b = steps[message.read - 1].thread;
      if (a == null || b == null) continue;
      const x1 = laneX(a), x2 = laneX(b), y1 = (message.written - .5) * ROW, y2 = (message.read - .5) * ROW;
      const way = x2 >= x1 ? 1 : -1, end = x2 - way * 6;
      lanes.append(draw('path', {d: `M${x1} ${y1} C${x1 + way * 12} ${(y1 + y2) / 2} ${end - way * 8} ${y2} ${end} ${y2}`,
        fill: 'none', stroke: 'var(--accent)', 'stroke-width': 1.2, opacity: .75}));
      lanes.append(draw('path', {d: `M${end} ${y2 - 3.5}L${end + way * 5} ${y2}L${end} ${y2 + 3.5}Z`, fill: 'var(--accent)'}));
    }
    for (let n = from; n <= to; n++) {
      const step = steps[n - 1];
      if (step.thread == null) continue;
      lanes.append(draw('circle', {cx: laneX(step.thread), cy: (n - .5) * ROW, r: n === here ? 6 : 4.5,
        fill: step.faults ? 'var(--bad)' : laneColour(step.thread),
        stroke: n === critical ? 'var(--warn)' : 'var(--card)', 'stroke-width': n === critical ? 3 : 1.5}));
    }
  };
  const window_ = () => {
    const from = Math.max(1, Math.floor(scroll.scrollTop / ROW) - 8);
    const to = Math.min(count, Math.ceil((scroll.scrollTop + scroll.clientHeight) / ROW) + 8);
    for (const [n, node] of shown)
      if (n < from || n > to) { node.remove(); shown.delete(n); }
    for (let n = from; n <= to; n++)
      if (!shown.has(n)) { const node = row(n); shown.set(n, node); canvas.append(node); }
    for (const [n, node] of shown) {
      node.classList.toggle('here', n === here);
      node.setAttribute('aria-selected', n === here ? 'true' : 'false');
    }
    drawLanes(from, to);
    canvas.append(lanes);
  };
  let waiting = false;
  scroll.addEventListener('scroll', () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => { waiting = false; window_(); });
  });

  /* ---- the state at a step ---- */

  const speak = n => {
    const step = steps[n - 1];
    return `Step ${n}: ${nameOf(step)}, ${step.operation}, ${step.result}` +
      [...(step.faults || []).map(f => ', fault: ' + f), ...(step.events || []).map(e => `, ${e.who}: ${e.text}`)].join('') +
      (n === critical ? '. Critical: after it no continuation is good' : '');
  };
  const itemPlace = (item, n) =>
    item.got != null && item.got <= n ? 'got' : item.read != null && item.read <= n ? 'being read' :
    item.written != null && item.written <= n ? 'in the pipe' : item.taken != null && item.taken <= n ? 'being serialised' :
    item.put != null && item.put <= n ? 'in the buffer' : null;
  const showState = () => {
    const step = steps[here - 1], threads = make('table', {}), objects = make('table', {}), box = at('state');
    at('state-title').textContent = `After step ${here}`;
    box.replaceChildren();
    data.threads.forEach((thread, i) => {
      if (thread.first > here && i !== step.thread) return;
      let text = '', done = thread.last != null && thread.last <= here;
      if (i === step.thread) text = `${step.operation} \u2192 ${step.result}`;
      else {
        let next = here + 1;
        while (next <= count && steps[next - 1].thread !== i) next++;
        const end = data.at_end.find(w => w.thread === i);
        text = done ? 'ended' : next <= count ? 'before ' + steps[next - 1].operation : end ? (end.blocked ? 'blocked at ' : 'before ') + end.operation : '';
      }
      threads.append(make('tr', {class: i === step.thread ? 'moved' : done ? 'gone' : ''},
        make('td', {}, make('span', {style: `color:${laneColour(i)}`}, '\u25CF '), thread.name), make('td', {}, make('code', {}, text))));
    });
    data.objects.forEach((object, k) => {
      const value = step.levels[k];
      if (value == null) return;
      const top = Math.max(1, ...steps.map(s => s.levels[k] || 0));
      objects.append(make('tr', {}, make('td', {title: object.name}, object.short), make('td', {},
        level(value) + (object.kind === 'pipe' ? (value === 1 ? ' byte' : ' bytes') : ''),
        make('span', {class: 'bar', style: `width:${Math.round(90 * value / top)}px`}))));
    });
    box.append(make('h3', {}, 'Threads'), threads);
    if (objects.children.length > 0) box.append(make('h3', {}, 'Pipes and semaphores'), objects);
    const places = {};
    for (const item of data.items) {
      const where = itemPlace(item, here);
      if (where) (places[where] ||= []).push(item.name.replace(/^item /, ''));
    }
    const items = make('table', {});
    for (const where of ['in the buffer', 'being serialised', 'in the pipe', 'being read', 'got'])
      if (places[where]) items.append(make('tr', {}, make('td', {}, where), make('td', {}, places[where].join(', '))));
    if (items.children.length > 0) box.append(make('h3', {}, 'Items'), items);
    const source = at('source'), lines = data.sources[step.file];
    source.replaceChildren();
    if (lines && lines[step.line] != null)
      for (let i = step.line - 3; i <= step.line + 3; i++) {
        if (lines[i] != null)
          source.append(make('div', {class: i === step.line ? 'hit' : ''}, make('b', {}, String(i)), lines[i]));
      }
    else source.append(make('p', {}, step.file ? `${step.file}:${step.line} could not be read.` : 'Not known.'));
  };

  /* ---- what is below the steps: drawn once the rest is painted ---- */

  const below = () => {
    /* Levels: one small chart for each object that changes. */
    data.objects.forEach((object, k) => {
      const values = steps.map(step => step.levels[k]), known = values.filter(v => v != null);
      const low = Math.min(...known), high = Math.max(...known);
      if (known.length === 0 || (low === high && object.kind !== 'pipe')) return;
      const floor = object.kind === 'pipe' ? 0 : low, span = Math.max(1, high - floor);
      const svg = draw('svg', {viewBox: `0 0 ${count} 34`, preserveAspectRatio: 'none', role: 'img',
        'aria-label': `${object.short}: from ${level(low)} to ${level(high)}`});
      let path = '', before = null;
      values.forEach((v, i) => {
        if (v == null) { before = null; return; }
        const y = 30 - 26 * (v - floor) / span;
        path += before == null ? `M${i} ${y}` : `L${i} ${y}`;
        path += `L${i + 1} ${y}`;
        before = v;
      });
      svg.append(draw('path', {d: path, fill: 'none', stroke: object.kind === 'pipe' ? 'var(--accent)' : 'var(--good)',
        'stroke-width': 1.5, 'vector-effect': 'non-scaling-stroke'}));
      const cursor = draw('line', {y1: 0, y2: 34, stroke: 'var(--warn)', 'stroke-width': 1.5, 'vector-effect': 'non-scaling-stroke'});
      svg.append(cursor);
      svg.addEventListener('click', event => {
        const box = svg.getBoundingClientRect();
        go(1 + Math.floor((event.clientX - box.left) / box.width * count));
      });
      const output = make('output', {});
      cursors.push({cursor, output, k, pipe: object.kind === 'pipe'});
      at('levels').append(make('div', {class: 'level'}, make('span', {title: object.name}, object.short), svg, output));
    });

    /* Items. */
    const stages = [['put', 'put'], ['taken', 'taken'], ['written', 'written'], ['read', 'read'], ['got', 'got']];
    if (data.items.length === 0) at('items-section').hidden = true;
    else {
      at('items').append(make('tr', {}, ...['', ...stages.map(s => s[1]), ''].map(t => make('th', {scope: 'col'}, t))));
      for (const item of data.items)
        at('items').append(make('tr', {}, make('td', {class: item.lost ? 'lost' : ''}, item.name),
          ...stages.map(([key]) => make('td', {}, item[key] == null ? '-' : link(item[key]))),
          make('td', {class: item.lost ? 'lost' : 'ok'}, item.lost ? 'lost' : item.got_again ? 'got twice' : 'got')));
    }

    /* The end. */
    if (data.at_end.length === 0) at('end').append(make('tr', {}, make('td', {}, 'Nobody lives.')));
    for (const waiting of data.at_end)
      at('end').append(make('tr', {}, make('td', {}, waiting.thread < data.threads.length ? data.threads[waiting.thread].name : '?'),
        make('td', {class: waiting.blocked ? 'lost' : 'gone'}, waiting.blocked ? 'blocked at' : 'before'),
        make('td', {}, make('code', {}, waiting.operation), waiting.file ? ` (${waiting.function} ${place(waiting)})` : ''),
        make('td', {}, [waiting.waits_for.length ? 'waits for ' + waiting.waits_for.join(', ') : '', waiting.holder].filter(Boolean).join('; '))));
  };

  /* ---- going somewhere ---- */

  const go = (n, quiet) => {
    if (count === 0) return;
    here = Math.min(count, Math.max(1, n));
    at('scrub').value = here;
    at('scrub').setAttribute('aria-valuetext', `step ${here} of ${count}`);
    at('position').textContent = `step ${here} of ${count}`;
    const top = (here - 1) * ROW;
    if (top < scroll.scrollTop + ROW) scroll.scrollTop = top - ROW;
    else if (top > scroll.scrollTop + scroll.clientHeight - 3 * ROW) scroll.scrollTop = top - scroll.clientHeight + 3 * ROW;
    window_();
    scroll.setAttribute('aria-activedescendant', `step-${here}`);
    showState();
    for (const {cursor, output, k, pipe} of cursors) {
      cursor.setAttribute('x1', here - .5);
      cursor.setAttribute('x2', here - .5);
      const v = steps[here - 1].levels[k];
      output.textContent = v == null ? '' : level(v) + (pipe ? (v === 1 ? ' byte' : ' bytes') : '');
    }
    if (!quiet) at('live').textContent = speak(here);
  };
  const toMark = way => {
    const places = [...new Set(marks.map(m => m.n))].sort((a, b) => way * (a - b));
    const next = places.find(n => way * (n - here) > 0);
    if (next != null) go(next);
  };
  const theme = name => {
    document.documentElement.dataset.theme = name;
    at('theme').textContent = name === 'dark' ? 'Light' : 'Dark';
    at('theme').setAttribute('aria-label', name === 'dark' ? 'Switch to light' : 'Switch to dark');
  };
  const otherTheme = () => theme(document.documentElement.dataset.theme === 'dark' ? 'light' : 'dark');
  const copy = () => {
    const area = make('textarea', {style: 'position:fixed;opacity:0'});
    area.value = data.replay;
    document.body.append(area);
    area.select();
    const done = document.execCommand('copy');
    area.remove();
    at('copied').textContent = done ? 'copied' : 'select and copy';
    at('live').textContent = done ? 'Copied the command' : '';
  };

  const actions = {first: () => go(1), back: () => go(here - 1), forward: () => go(here + 1), last: () => go(count),
    'to-critical': () => go(critical), 'next-mark': () => toMark(1), copy, theme: otherTheme};
  for (const [id, action] of Object.entries(actions)) at(id).addEventListener('click', action);
  at('scrub').addEventListener('input', () => go(Number(at('scrub').value)));
  const keys = {ArrowRight: () => go(here + 1), ArrowDown: () => go(here + 1), ArrowLeft: () => go(here - 1), ArrowUp: () => go(here - 1),
    Home: () => go(1), End: () => go(count), PageDown: () => go(here + 20), PageUp: () => go(here - 20),
    n: () => toMark(1), p: () => toMark(-1), c: () => critical != null && go(critical), t: otherTheme};
  document.addEventListener('keydown', event => {
    if (event.ctrlKey || event.metaKey || event.altKey || !(event.key in keys)) return;
    event.preventDefault();
    keys[event.key]();
  });
  const dark = matchMedia('(prefers-color-scheme: dark)');
  theme(dark.matches ? 'dark' : 'light');
  dark.addEventListener('change', () => theme(dark.matches ? 'dark' : 'light'));
  go(critical == null ? count : critical, true);
  addEventListener('resize', window_);
  requestAnimationFrame(() => setTimeout(() => { below(); go(here, true); }));
})();
