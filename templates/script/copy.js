// A button that copies a text of the page.

function copyButton(id) {
  const source = document.getElementById(id);
  const button = html('button', { type: 'button' }, 'Copy');
  const done = (text) => {
    button.textContent = text;
    setTimeout(() => { button.textContent = 'Copy'; }, 2000);
  };
  // Without the clipboard's interface, as pages had to before it; failing that, the text is selected to copy by hand.
  const byHand = () => {
    const selection = getSelection();
    selection.removeAllRanges();
    const range = document.createRange();
    range.selectNodeContents(source);
    selection.addRange(range);
    done(document.execCommand('copy') ? 'Copied' : 'Press Ctrl+C');
  };
  button.addEventListener('click', () => {
    if (!navigator.clipboard) return byHand();
    return navigator.clipboard.writeText(source.textContent).then(() => done('Copied'), byHand);
  });
  source.after(button);
}
