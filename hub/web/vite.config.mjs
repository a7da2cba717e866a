import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { defineConfig } from "vite";

/** One entry a page: the phone's first load must not carry the wall. */
const pages = {
  wall: { title: "百应·大屏", scheme: "dark" },
  phone: { title: "百应", scheme: "light" },
  desk: { title: "百应·值班台", scheme: "dark" },
  resident: { title: "百应·求助", scheme: "light" },
  admin: { title: "百应·管理", scheme: "light" },
  "sign-in": { title: "百应·登录", scheme: "light" },
};

/** All pages have the same head: `page.html`, filled in. A page's folder holds no file of that name. */
function heads() {
  const template = readFileSync(resolve(import.meta.dirname, "page.html"), "utf8");
  const pageOf = (id) => Object.keys(pages).find((page) => id === resolve(import.meta.dirname, page, "index.html"));
  return {
    name: "heads",
    enforce: "pre",
    resolveId: (id) => (pageOf(resolve(import.meta.dirname, id)) ? resolve(import.meta.dirname, id) : null),
    load(id) {
      const page = pageOf(id);
      if (!page) return null;
      const filled = { ...pages[page], page };
      return template.replace(/\{(\w+)\}/g, (_, name) => filled[name]);
    },
  };
}

export default defineConfig({
  base: "/",
  publicDir: false,
  plugins: [heads()],
  build: {
    outDir: "dist",
    emptyOutDir: true,
    // Phones of volunteers are old: Android 9 and its WebView.
    target: ["chrome80", "safari14"],
    rolldownOptions: {
      input: Object.fromEntries(Object.keys(pages).map((page) => [page, `${page}/index.html`])),
    },
  },
});
