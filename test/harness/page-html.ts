/** The HTML of a page without its language switch, whose links repeat the query of the request. */
export function withoutSwitch(html: string): string {
  return html.replace(/<nav class="languages".*?<\/nav>/s, '');
}

/** The hosts to which the links of a page lead. @param url of the page */
export function hostsOfLinks(html: string, url: string): string[] {
  const links = [...html.matchAll(/<a [^>]*href="([^"]*)"/g)];
  const addresses = links.map(([, href = '']) => new URL(href.replaceAll('&amp;', '&'), url));
  return [...new Set(addresses.map(({ host }) => host))];
}
