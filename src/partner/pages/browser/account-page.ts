// Without this script the page shows the days of Beijing, and says so.
const days = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: 'medium' });
for (const time of document.querySelectorAll('time')) time.textContent = days.format(new Date(time.dateTime));
