/** As text of HTML or SVG, or as a value in quotes. Names and tags are whatever somebody chose. */
export function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
