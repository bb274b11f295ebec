// What scripts add to pages that work without them.

// The secret of a one-time link is in the fragment of its address, which is sent nowhere. It goes into the form and out of the address.
const linkForm = document.querySelector('form[data-link-form]');
if (linkForm && location.hash.length > 1) {
  linkForm.elements.link.value = location.hash.slice(1);
  history.replaceState(null, '', location.pathname + location.search);
  linkForm.querySelector('button').focus();
}

// The button that saves a choice is there once the choice is another one.
for (const select of document.querySelectorAll('select[data-save]')) {
  const button = select.form.querySelector('button');
  const before = select.value;
  button.hidden = true;
  select.addEventListener('change', () => { button.hidden = select.value === before; });
}

// A field to copy gets a button that copies it.
for (const field of document.querySelectorAll('input[data-copy]')) {
  const button = document.createElement('button');
  button.type = 'button';
  button.textContent = 'Copy';
  button.addEventListener('click', async () => {
    await navigator.clipboard.writeText(field.value);
    button.textContent = 'Copied';
  });
  field.after(button);
}
