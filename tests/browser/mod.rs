//! The pages in a real browser, against a real hub: Debian's Chromium, driven over its DevTools socket.

mod chrome;
mod pages;
mod relay;
