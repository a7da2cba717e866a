import { defineConfig } from "vite";

// One entry a page: the phone's first load must not carry the wall.
const pages = ["wall", "phone", "sign-in"];

export default defineConfig({
  base: "/",
  publicDir: false,
  build: {
    outDir: "dist",
    emptyOutDir: true,
    // Phones of volunteers are old: Android 9 and its WebView.
    target: ["chrome80", "safari14"],
    rolldownOptions: {
      input: Object.fromEntries(pages.map((page) => [page, `${page}/index.html`])),
    },
  },
});
