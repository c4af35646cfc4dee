() => {
  const light = document.documentElement.classList.toggle("light");
  localStorage.setItem("audiostory-light", light ? "yes" : "");
  document.getElementById("light").textContent = light ? "Dark" : "Light";
  document.dispatchEvent(new CustomEvent("studio:light"));
}
