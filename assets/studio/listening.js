// Tells the timeline what the server has measured, or made to be heard in place of the mix.

watch("value", () => {
  const { kind, values } = element.querySelector("data")?.dataset || {};
  if (kind) document.dispatchEvent(new CustomEvent(`studio:${kind}`, { detail: JSON.parse(values) }));
});
