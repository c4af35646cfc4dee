// Opens and closes the row of the story's name, which begins with the name that the story has.
() => {
  const open = Boolean(document.getElementById("manage-row"));
  const title = document.querySelector("#stories input")?.value ?? "";
  return [{ __type__: "update", visible: !open }, title];
}
