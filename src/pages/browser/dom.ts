/** An element that the HTML of the page always has. */
function present<T>(element: T | null): T {
  if (element === null) throw new Error('the page lacks an element');
  return element;
}

/** The element with an id. */
export const byId = (id: string): HTMLElement => present(document.getElementById(id));

/** The first element inside of another that matches a selector. */
export const inside = (parent: ParentNode, selector: string): HTMLElement =>
  present(parent.querySelector<HTMLElement>(selector));

/** The element `main`, whose data-state styles the page. */
export const main = (): HTMLElement => inside(document, 'main');

/** The data that the service wrote into the page. */
export const pageData = (): unknown => JSON.parse(byId('page-data').textContent);
