// The form of a customer: says live which fields will change, and what each was; nothing is sent before Save Changes.
"use strict";
(() => {
  const form = document.getElementById("edit");
  const will = document.getElementById("will");
  const nothing = will.textContent;
  const fields = [...form.querySelectorAll("[data-kept]")];

  function look() {
    let count = 0;
    for (const field of fields) {
      const changed = field.value !== field.dataset.kept;
      count += changed;
      field.closest(".field").classList.toggle("changed", changed);
    }
    will.textContent = count === 0 ? nothing : count === 1 ? form.dataset.one : form.dataset.many.replace("{count}", count);
  }
  form.addEventListener("input", look);
  document.querySelector('[aria-invalid="true"]')?.focus();
  look();
})();
