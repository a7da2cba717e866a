//! What must hold on a small phone at every size of text, whatever the page shows.

use anyhow::{Result, ensure};
use serde_json::json;

use super::chrome::Page;

/// Text at 1.0, 1.4 and 1.8, as it is and in elder mode, in both languages: nothing wider than the screen, no control
/// smaller than a thumb or with its words cut off. Answers with what is wrong.
const FITS: &str = "(async () => { \
    const [bad, root, was] = [[], document.documentElement, document.documentElement.className]; \
    const settle = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 50))); \
    for (const language of [1, 2]) { \
        for (const look of ['light', 'light elder']) for (const scale of [1, 1.4, 1.8]) { \
            root.className = look; root.style.setProperty('--scale', scale); \
            const tell = (what, e) => bad.push([root.lang, look, scale, what, e?.textContent ?? ''].join(' ')); \
            if (root.scrollWidth > innerWidth) tell('scrolls sideways'); \
            for (const e of document.querySelectorAll('button, a.button, select, input:not([type=checkbox])')) { \
                const box = e.getBoundingClientRect(); \
                if (box.width > 0 && (box.height < 44 || box.width < 44)) tell('small', e); \
                if (e.matches('.main, .hold') && box.height < 60) tell('a main control is small', e); \
                if (!e.matches('select, input') && e.scrollWidth > e.clientWidth + 1) tell('cut', e); \
            } \
            const text = parseFloat(getComputedStyle(document.body).fontSize); \
            if (look === 'light elder' && text < 18) tell('text of ' + text + ' px'); \
        } \
        document.querySelector('header .small:last-child').click(); await settle(); \
    } \
    root.style.removeProperty('--scale'); root.className = was; return bad; })()";

/// # Errors
/// Naming everything that does not fit.
pub async fn fits(page: &Page, state: &str) -> Result<()> {
    let bad = page.value(FITS).await?;
    ensure!(bad == json!([]), "{state}: {bad:#}");
    Ok(())
}
