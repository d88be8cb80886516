/** The build and the tests load HTML as text. */
declare module '*.html' {
  const text: string;
  export default text; // eslint-disable-line no-restricted-exports -- what both loaders give
}
