el.textContent = text;
el.innerHTML = "";
if (el.innerHTML === text) {}
