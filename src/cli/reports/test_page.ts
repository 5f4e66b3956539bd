// index.html of a test: like the published page, but valid HTML, and with links that work for any file name.

const escape = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");

/** Escapes a path relative to the page as a link; it works from file:// too. */
const link = (path: string): string => escape(path.split("/").map(encodeURIComponent).join("/"));

/** 02:05PM on July 09, 2019 */
export function publishedTime(date: Date): string {
  const two = (n: number): string => String(n).padStart(2, "0");
  const hour = date.getHours() % 12 || 12;
  const month = date.toLocaleString("en-US", { month: "long" });
  return `${two(hour)}:${two(date.getMinutes())}${date.getHours() < 12 ? "AM" : "PM"} on ${month} ${two(date.getDate())}, ${date.getFullYear()}`;
}

/** The pictures of one label map, with their captions; paths are relative to the page. */
export interface Row {
  header: string;
  pictures: readonly { path: string; caption: string }[];
}

/** @param width of the pictures on the page, in pixels */
export function testPage(title: string, rows: readonly Row[], width: number, now: Date): string {
  const cell = ({ path, caption }: Row["pictures"][number]): string =>
    `      <td><a href="${link(path)}"><img src="${link(path)}" alt="${escape(caption)}"></a><br>${escape(caption)}</td>\n`;
  const table = ({ header, pictures }: Row): string =>
    `  <h3>${escape(header)}</h3>\n  <table>\n    <tr>\n${pictures.map(cell).join("")}    </tr>\n  </table>\n`;
  return `<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <title>${escape(title)}</title>
  <style>
    table { table-layout: fixed; border-collapse: collapse }
    td { border: 1px solid; padding: 4px; text-align: center; word-wrap: break-word }
    img { width: ${width}px }
  </style>
</head>
<body>
  <h1>${escape(title)}</h1>
  <p>${publishedTime(now)}</p>
${rows.map(table).join("")}</body>
</html>
`;
}
