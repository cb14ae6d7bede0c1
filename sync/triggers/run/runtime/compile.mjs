// Says what the engine itself refuses: reads {name: source} on stdin, writes [{name, line, message}].
import { readFileSync } from "node:fs";
import vm from "node:vm";

const problems = [];
for (const [name, source] of Object.entries(JSON.parse(readFileSync(0, "utf8")))) {
  try {
    vm.compileFunction(source, ["exports"], { filename: "function.js" });
  } catch (error) {
    const line = Number(/function\.js:(\d+)/.exec(String(error.stack))?.[1] ?? 1);
    problems.push({ name, line, message: String(error.message) });
  }
}
process.stdout.write(JSON.stringify(problems));
