// Puts charts in the place of pictures, and buttons beside what people copy.

function startCharts() {
  const { styles, variants, over, figures } = JSON.parse(document.getElementById('data').textContent);
  const names = new Set(variants);
  common.over = over ?? null;
  // What is near the screen is drawn at once after a change, all else when there is time.
  const watcher = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      const chart = common.charts.find((candidate) => candidate.element === target);
      chart.seen = isIntersecting;
      if (isIntersecting && chart.stale) chart.draw();
    }
  }, { rootMargin: '300px' });
  const resizer = new ResizeObserver((entries) => {
    for (const { target, contentRect } of entries) {
      const chart = common.charts.find((candidate) => candidate.body === target);
      if (chart.width === contentRect.width) continue;
      chart.width = contentRect.width;
      chart.refresh();
    }
  });
  for (const figure of figures) {
    const element = document.getElementById(figure.name);
    common.charts.push(new Chart(element, figure, styles, names));
    element.classList.add('responsive');
  }
  common.variants = names;
  showLegends(styles, names);
  restore();
  showVariants();
  addEventListener('hashchange', followAddress);
  // All of them are drawn before anybody looks: a picture of the whole page, or a jump to its end, shows every chart.
  for (const chart of common.charts) {
    chart.width = chart.body.getBoundingClientRect().width;
    chart.draw();
    watcher.observe(chart.element);
    resizer.observe(chart.body);
  }
  jump();
}

for (const source of document.querySelectorAll('.copied > pre')) copyButton(source.id);
for (const table of document.querySelectorAll('table.sorted')) sortedTable(table);
startCharts();
