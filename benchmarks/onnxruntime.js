// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Times a model in ONNX Runtime, for executor.py.
//
// Usage: NODE_PATH=DIR/node_modules node onnxruntime.js MODEL.onnx X.npy BATCH THREADS
//
// MODEL has one input with a free first axis; X.npy holds float32 samples. Runs all of them once to
// warm up and once more to measure, and prints a JSON object: `seconds` by the clock and
// `cpu_seconds` of all threads together for `images` samples, and `version`.

const fs = require("fs");
const ort = require("onnxruntime-node");

/** Shape and elements of a float32 array in C order. */
function readNpy(path) {
  const bytes = fs.readFileSync(path);
  const wide = bytes[6] > 1;
  const start = (wide ? 12 : 10) + (wide ? bytes.readUInt32LE(8) : bytes.readUInt16LE(8));
  const header = bytes.toString("latin1", 10, start);
  if (!header.includes("'<f4'") || !header.includes("'fortran_order': False"))
    throw new Error(`'${path}' needs elements of float32 in C order, its header is ${header.trim()}`);
  const shape = header.match(/'shape': \(([^)]*)\)/)[1].split(",").filter((text) => text.trim()).map(Number);
  return { shape, data: new Float32Array(bytes.buffer.slice(bytes.byteOffset + start, bytes.byteOffset + bytes.length)) };
}

async function main() {
  const [model, path, batch, threads] = process.argv.slice(2);
  const { shape, data } = readNpy(path);
  const session = await ort.InferenceSession.create(model, { intraOpNumThreads: Number(threads), interOpNumThreads: 1 });
  const [images, ...dims] = shape;
  const each = dims.reduce((product, extent) => product * extent, 1);
  const feeds = [];
  for (let first = 0; first < images; first += Number(batch)) {
    const count = Math.min(Number(batch), images - first);
    const part = data.subarray(first * each, (first + count) * each);
    feeds.push({ [session.inputNames[0]]: new ort.Tensor("float32", part, [count, ...dims]) });
  }
  const run = async () => {
    for (const feed of feeds)
      await session.run(feed);
  };
  await run();
  const used = process.cpuUsage(), start = process.hrtime.bigint();
  await run();
  const seconds = Number(process.hrtime.bigint() - start) / 1e9, cpu = process.cpuUsage(used);
  console.log(JSON.stringify({ images, seconds, cpu_seconds: (cpu.user + cpu.system) / 1e6, version: ort.env.versions?.node }));
}

main().catch((error) => {
  console.error(`error: ${error.message}`);
  process.exit(1);
});
