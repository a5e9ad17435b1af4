"use strict";
const form = document.getElementById("departure");
setTimeout(() => form.submit(), 1000 * Number(form.dataset.linger));
