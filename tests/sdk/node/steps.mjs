// Runs the steps of one npm SDK in this process and reports which of its methods were called.

import { readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

import { World } from "./world.mjs";

async function outcome(step, world) {
  const started = performance.now();
  let error = "";
  try {
    await step(world);
  } catch (problem) {
    error = problem?.stack ?? String(problem);
    if (problem?.cause) error += `\ncaused by ${problem.cause.stack ?? problem.cause}`;
  }
  return { error, called: world.takeCalled(), seconds: (performance.now() - started) / 1000 };
}

async function main(worldFile) {
  const told = JSON.parse(readFileSync(worldFile, "utf8"));
  const world = new World(told);
  const program = await import(pathToFileURL(told.program));
  const report = { public: await program.publicMethods(world), steps: {} };
  for (const name of told.steps) {
    const step = program[name];
    report.steps[name] = step
      ? await outcome(step, world)
      : { error: `it exports no ${name}`, called: [], seconds: 0 };
  }
  writeFileSync(told.report, JSON.stringify(report));
  process.exit(0); // connections kept alive must not hold the program up
}

await main(process.argv[2]);
