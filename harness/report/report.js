"use strict";
// Copy buttons.
for (const button of document.querySelectorAll("button.copier")) {
  button.addEventListener("click", () => {
    const code = button.parentElement.querySelector("code");
    const done = () => {
      button.textContent = "Copied";
      setTimeout(() => { button.textContent = "Copy"; }, 1500);
    };
    const select = () => getSelection().selectAllChildren(code);  // a page from a file may not write to the clipboard
    if (navigator.clipboard) navigator.clipboard.writeText(code.textContent).then(done, select);
    else select();
  });
}
// One video at a time.
for (const player of document.querySelectorAll(".player")) {
  const videos = [...player.querySelectorAll("video")];
  const buttons = [...player.querySelectorAll(".choose button")];
  buttons.forEach((button, chosen) => button.addEventListener("click", () => {
    videos.forEach((video, i) => {
      video.hidden = i !== chosen;
      if (i === chosen) video.play();
      else video.pause();
    });
    buttons.forEach((other, i) => other.setAttribute("aria-pressed", i === chosen));
  }));
}
// Paper shows everything.
addEventListener("beforeprint", () => {
  for (const details of document.querySelectorAll("details")) details.open = true;
});
