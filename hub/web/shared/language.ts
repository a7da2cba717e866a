import { effect, signal } from "@preact/signals";

export type Language = "zh" | "en";

const KEPT = "baiying.language";

function first(): Language {
  const asked = new URLSearchParams(location.search).get("lang");
  if (asked === "en" || asked === "zh") return asked;
  return localStorage.getItem(KEPT) === "en" ? "en" : "zh";
}

/** Chinese first, English by a switch; kept on this device. */
export const language = signal<Language>(first());

effect(() => {
  localStorage.setItem(KEPT, language.value);
  document.documentElement.lang = language.value === "zh" ? "zh-CN" : "en";
});

export function switchLanguage(): void {
  language.value = language.value === "zh" ? "en" : "zh";
}
