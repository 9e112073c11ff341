// Before anything is drawn: the theme that was chosen here before, if any.
const chosen = localStorage.getItem("warmstart-theme");
if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
