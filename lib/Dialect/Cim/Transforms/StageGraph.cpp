//===- StageGraph.cpp - The placed network as actors on cores ------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Walks the function in order. A value lives as parts: streams that carry all or some channels of
// its rows, on the cores that computed them. A core that needs a value it has not computed whole
// gets one Assemble stage that receives (or, for parts of its own, copies) the parts into full
// rows; all stages on the core share it.
//
// A weighted layer is spread over the cores that hold its tiles. The tiles of one range of output
// channels form a column; the core of the column's first tile finishes it (its home), the others
// send partial sums.
//
//===--------------------------------------------------------------------------===//

#include "cimc/Dialect/Cim/Transforms/StageGraph.h"

#include "CheckMapping.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/STLExtras.h"

#include <map>
#include <optional>

using namespace mlir;

namespace cimc::cim {

int64_t Stage::constantIndex(llvm::StringRef constantName) const {
  for (auto [index, constant] : llvm::enumerate(constants))
    if (constant.name == constantName)
      return static_cast<int64_t>(index);
  return -1;
}

int64_t Stage::scratchIndex(llvm::StringRef scratchName) const {
  for (auto [index, area] : llvm::enumerate(scratch))
    if (area.name == scratchName)
      return static_cast<int64_t>(index);
  return -1;
}

llvm::ArrayRef<int64_t> StageGraph::receiversOf(int64_t stream) const {
  if (stream < 0 || stream >= static_cast<int64_t>(receivers.size()))
    return {};
  return receivers[static_cast<size_t>(stream)];
}

bool Column::readsAside() const {
  bool holdsSum = receivesFirst && !partialStreams.empty();
  return llvm::any_of(tiles, [&](TileAttr tile) {
    return tile.getSlice() > 0 && (holdsSum || tile.getSlice() != tiles.front().getSlice());
  });
}

int64_t partialSumArity(int64_t rowBytes, const target::Target &target) {
  return std::max<int64_t>(target.chip.core.memoryBytes / 8 / std::max<int64_t>(rowBytes, 1), 1);
}

namespace {

Location firstOf(Location loc) {
  while (auto fused = dyn_cast<FusedLoc>(loc)) {
    if (fused.getLocations().empty())
      break;
    loc = fused.getLocations().front();
  }
  return loc;
}

/// The name that the user knows an op by: the ONNX node's, or the op's own where it has the
/// location of the whole model, which is a path.
std::string nameOf(Operation *op) {
  if (auto input = dyn_cast<InputOp>(op))
    return input.getName().str();
  auto named = dyn_cast<NameLoc>(firstOf(op->getLoc()));
  if (named && Location(named) != firstOf(op->getParentOp()->getLoc()))
    return named.getName().str();
  return op->getName().stripDialect().str();
}

/// Elements of one position (the last dimension) and positions of a row.
int64_t channelsOf(Value value) {
  return cast<RankedTensorType>(value.getType()).getShape().back();
}
int64_t elementBytes(Value value) {
  return (cast<RankedTensorType>(value.getType()).getElementTypeBitWidth() + 7) / 8;
}

Positions allPositions(Value value) { return {0, getRowPositions(value.getType())}; }

/// Bytes of `positions` of a row of `value`, with all channels.
int64_t bytesOf(Value value, Positions positions) {
  return getRowBytes(value.getType()) / std::max<int64_t>(getRowPositions(value.getType()), 1) *
         positions.count;
}

/// The input positions that a layer needs for `share` of the positions of its result. Those in the
/// padding do not count, but one position is always named.
Positions neededOf(ForwardOp op, Positions share) {
  int64_t width = getRowPositions(op.getInput().getType());
  int64_t stride = op.getStride()[1], left = op.getPad()[2];
  int64_t reach = (op.getKernel()[1] - 1) * op.getDilation()[1] + 1;
  int64_t first = std::clamp<int64_t>(share.first * stride - left, 0, width - 1);
  int64_t end = std::clamp<int64_t>((share.end() - 1) * stride - left + reach, first + 1, width);
  return {first, end - first};
}

/// The tiles of one range of output channels, by core, in the order of their slices and rows.
struct ColumnTiles {
  int64_t channel = 0, channels = 0;
  llvm::MapVector<int64_t, llvm::SmallVector<TileAttr>> byCore;
};

class Builder {
public:
  Builder(func::FuncOp function, const target::Target &target)
      : function(function), target(target) {
    graph.problem.cores = static_cast<int64_t>(target.chip.cores) * target.chips;
    graph.problem.memoryBytesPerCore = target.chip.core.memoryBytes;
    graph.problem.sharedBytesPerChip = target.chip.buffer.sizeBytes;
    graph.problem.coresPerChip = target.chip.cores;
  }

  FailureOr<StageGraph> build();

private:
  /// Checks what the expansion relies on and no verifier of a single op can know.
  LogicalResult check();
  /// Checks that each operand of `op` that is a stream was made by a stage.
  LogicalResult checkOperands(Operation &op);
  LogicalResult add(Operation &op);
  LogicalResult addInput(InputOp op);
  LogicalResult addOutput(OutputOp op);
  LogicalResult addCompute(Operation *op);
  LogicalResult addForward(ForwardOp op, WeightOp weight);
  /// Adds the stages of one copy of the weight, which compute `share` of the positions.
  LogicalResult addCopy(ForwardOp op, llvm::ArrayRef<ColumnTiles> columns, Positions share,
                        const std::string &name);
  /// Adds the stages that send partial sums of a column; gives what its first core has to finish.
  FailureOr<Column> addPartialSums(ForwardOp op, const ColumnTiles &column, Positions share,
                                   const std::string &name);
  /// Joins a state's fed rows to the stage of its delay.
  LogicalResult addFeed(FeedOp op);

  /// Number of a new stream of `bytes` a row.
  int64_t newStream(llvm::StringRef name, int64_t rows, int64_t bytes);
  /// A stream on `core` that holds at least the positions `needed` of the rows of `value`, with all
  /// channels, made by an Assemble stage if need be; and the positions that it holds.
  Part localPart(Value value, int64_t core, Positions needed);
  /// The stream on `core` that holds whole rows of `value`.
  int64_t localStream(Value value, int64_t core) {
    return localPart(value, core, allPositions(value)).stream;
  }
  /// Lets `stage` read `needed` of its next operand, `value`.
  void addOperand(Stage &stage, Value value, Positions needed);
  /// The positions `range` of `value` and maybe more on another core of the chip of `core`, if they
  /// come from other chips: rows pass between two chips once, and within the chip from core to
  /// core.
  const Part *relayFor(Value value, int64_t core, Positions range) const;
  /// The part as it is sent to `core`: behind a Hold stage where the value asks for one and `core`
  /// is on another chip.
  Part sentPart(Value value, const Part &part, int64_t core);
  int64_t chipOf(int64_t core) const { return core / static_cast<int64_t>(target.chip.cores); }
  /// Fills the inputs of a scheduled stage from `operandStreams` and the op's row maps.
  void connectOperands(const Stage &stage, mapping::Stage &actor);
  /// Adds a finished stage and its twin in the schedule problem.
  LogicalResult commit(Stage stage, llvm::ArrayRef<mapping::StageInput> extraInputs = {});
  void markEager();

  func::FuncOp function;
  const target::Target &target;
  StageGraph graph;
  llvm::DenseMap<Value, llvm::SmallVector<Part>> parts;
  /// Rows put together on a core: value, core, first position, positions.
  std::map<std::tuple<void *, int64_t, int64_t, int64_t>, Part> locals;
  llvm::DenseMap<int64_t, Part> held; ///< by stream that is kept
  /// By value and chip: the first core there that has put the value's rows together.
  llvm::DenseMap<std::pair<Value, int64_t>, Part> relays;
};

int64_t Builder::newStream(llvm::StringRef name, int64_t rows, int64_t bytes) {
  graph.problem.streams.push_back({name.str(), rows, bytes});
  return static_cast<int64_t>(graph.problem.streams.size()) - 1;
}

void Builder::connectOperands(const Stage &stage, mapping::Stage &actor) {
  auto iface = cast<StageOpInterface>(stage.op);
  for (auto [index, stream] : llvm::enumerate(stage.operandStreams))
    if (stream >= 0)
      actor.inputs.push_back({stream, iface.getRowMap(static_cast<unsigned>(index)), false});
}

LogicalResult Builder::commit(Stage stage, llvm::ArrayRef<mapping::StageInput> extraInputs) {
  if (stage.kind == Stage::Kind::Compute || stage.kind == Stage::Kind::PartialSum)
    if (failed(planStage(stage)))
      return failure();
  mapping::Stage actor;
  actor.name = stage.name;
  actor.core = stage.core;
  actor.firings = stage.firings;
  if (!stage.operandStreams.empty())
    connectOperands(stage, actor);
  actor.inputs.insert(actor.inputs.end(), extraInputs.begin(), extraInputs.end());
  for (const Part &part : stage.outputs)
    actor.outputs.push_back(part.stream);
  for (const StageConstant &constant : stage.constants) {
    int64_t bits = constant.value.getShapedType().getElementTypeBitWidth();
    actor.constantBytes += alignedBytes(constant.value.getNumElements() * ((bits + 7) / 8));
  }
  for (const StageScratch &area : stage.scratch)
    actor.scratchBytes += alignedBytes(area.bytes);
  graph.stages.push_back(std::move(stage));
  graph.problem.stages.push_back(std::move(actor));
  return success();
}

Part Builder::localPart(Value value, int64_t core, Positions needed) {
  llvm::SmallVector<Part> sources;
  for (const Part &part : parts.find(value)->second)
    if (part.positions.first < needed.end() && needed.first < part.positions.end())
      sources.push_back(part);
  int64_t channels = channelsOf(value);
  if (sources.size() == 1 && sources.front().core == core && sources.front().channels == channels)
    return sources.front();
  Positions range = sources.front().positions;
  for (const Part &part : sources) {
    int64_t end = std::max(range.end(), part.positions.end());
    range.first = std::min(range.first, part.positions.first);
    range.count = end - range.first;
  }
  std::optional<Part> relay;
  if (const Part *found = relayFor(value, core, range)) {
    relay = *found;
    range = relay->positions;
    if (relay->core == core)
      return *relay;
  }
  auto [slot, inserted] =
      locals.try_emplace({value.getAsOpaquePointer(), core, range.first, range.count}, Part{});
  if (!inserted)
    return slot->second;

  Stage stage;
  stage.kind = Stage::Kind::Assemble;
  stage.op = value.getDefiningOp();
  stage.value = value;
  stage.core = core;
  stage.firings = getNumRows(value.getType());
  stage.positions = range;
  std::string where = " on core " + std::to_string(core);
  if (range != allPositions(value))
    where = " from position " + std::to_string(range.first) + where;
  stage.name = "receive " + nameOf(stage.op) + where;
  if (relay)
    stage.sources.push_back(*relay);
  else
    for (const Part &part : sources)
      stage.sources.push_back(sentPart(value, part, core));
  Part made{newStream(nameOf(stage.op) + where, stage.firings, bytesOf(value, range)), 0, channels,
            core, range};
  stage.outputs.push_back(made);
  slot->second = made;
  relays.try_emplace({value, chipOf(core)}, made);

  llvm::SmallVector<mapping::StageInput> inputs;
  for (const Part &part : stage.sources)
    inputs.push_back({part.stream, {}, part.core != core});
  (void)commit(std::move(stage), inputs); // Assemble needs no plan and cannot fail.
  return made;
}

void Builder::addOperand(Stage &stage, Value value, Positions needed) {
  if (!isRowTensor(value.getType())) {
    stage.operandStreams.push_back(-1);
    stage.operandPositions.push_back({});
    return;
  }
  Part part = localPart(value, stage.core, needed);
  stage.operandStreams.push_back(part.stream);
  stage.operandPositions.push_back(part.positions);
}

const Part *Builder::relayFor(Value value, int64_t core, Positions range) const {
  bool isRemote = llvm::any_of(parts.find(value)->second, [&](const Part &part) {
    return part.core != mapping::kHostCore && chipOf(part.core) != chipOf(core);
  });
  if (!isRemote)
    return nullptr;
  auto relay = relays.find({value, chipOf(core)});
  if (relay == relays.end() || relay->second.positions.first > range.first ||
      relay->second.positions.end() < range.end())
    return nullptr;
  return &relay->second;
}

Part Builder::sentPart(Value value, const Part &part, int64_t core) {
  auto hold = value.getDefiningOp()->getAttrOfType<IntegerAttr>(kHoldAttrName);
  if (!hold || hold.getInt() == 0 || part.core == mapping::kHostCore ||
      chipOf(part.core) == chipOf(core))
    return part;
  auto [slot, inserted] = held.try_emplace(part.stream);
  if (!inserted)
    return slot->second;
  Stage stage;
  stage.kind = Stage::Kind::Hold;
  stage.op = value.getDefiningOp();
  stage.value = value;
  stage.core = part.core;
  stage.firings = getNumRows(value.getType());
  stage.name = "hold " + nameOf(stage.op) + " on core " + std::to_string(part.core);
  stage.sources = {part};
  stage.positions = part.positions;
  int64_t rowBytes = graph.problem.streams[static_cast<size_t>(part.stream)].rowBytes;
  Part sent{newStream(stage.name, stage.firings, rowBytes), part.channel, part.channels, part.core,
            part.positions};
  stage.outputs = {sent};
  slot->second = sent;
  mapping::RowMap rows;
  rows.count = 1 + hold.getInt();
  mapping::StageInput input{part.stream, rows, false};
  (void)commit(std::move(stage), input); // needs no plan and cannot fail
  return sent;
}

LogicalResult Builder::addInput(InputOp op) {
  auto argument = dyn_cast<BlockArgument>(op.getSource());
  if (!argument || argument.getOwner() != &function.getBody().front())
    return op.emitOpError("source must be an argument of the function");
  Stage stage;
  stage.kind = Stage::Kind::HostInput;
  stage.name = op.getName().str();
  stage.op = op;
  stage.value = op.getResult();
  stage.core = mapping::kHostCore;
  stage.firings = getNumRows(op.getType());
  stage.positions = allPositions(op.getResult());
  Part part{newStream(stage.name, stage.firings, getRowBytes(op.getType())), 0, channelsOf(op),
            stage.core, stage.positions};
  stage.outputs.push_back(part);
  parts[op.getResult()] = {part};
  return commit(std::move(stage));
}

LogicalResult Builder::addOutput(OutputOp op) {
  if (!op->hasOneUse() || !mlir::isa<func::ReturnOp>(*op->user_begin()))
    return op.emitOpError("result must be returned by the function, once");
  Value source = op.getSource();
  const llvm::SmallVector<Part> &sources = parts.find(source)->second;
  Part sent = sources.front();
  // The host takes rows from one channel. Rows in parts, or the host's own rows, pass through a
  // core.
  if (sources.size() > 1 || sent.core == mapping::kHostCore) {
    auto chip = op->getAttrOfType<IntegerAttr>(kChipAttrName);
    for (const Part &part : sources)
      if (chip && part.core != mapping::kHostCore && chipOf(part.core) == chip.getInt()) {
        sent = part;
        break;
      }
    int64_t home = std::max<int64_t>(sent.core, 0);
    sent = localPart(source, home, allPositions(source));
  }
  Stage stage;
  stage.kind = Stage::Kind::HostOutput;
  stage.name = op.getName().str();
  stage.op = op;
  stage.value = source;
  stage.core = mapping::kHostCore;
  stage.firings = getNumRows(source.getType());
  stage.sources.push_back(sent);
  mapping::StageInput input{sent.stream, {}, true};
  return commit(std::move(stage), input);
}

LogicalResult Builder::addCompute(Operation *op) {
  auto core = op->getAttrOfType<IntegerAttr>("core");
  if (!core)
    return op->emitOpError("has no core; run the placement pass first");
  Stage stage;
  stage.name = nameOf(op);
  stage.op = op;
  stage.value = op->getResult(0);
  stage.core = core.getInt();
  stage.firings = getNumRows(stage.value.getType());
  stage.positions = allPositions(stage.value);
  for (Value operand : op->getOperands())
    addOperand(stage, operand,
               isRowTensor(operand.getType()) ? allPositions(operand) : Positions());
  Part part{newStream(stage.name, stage.firings, getRowBytes(stage.value.getType())), 0,
            channelsOf(stage.value), stage.core, stage.positions};
  stage.outputs.push_back(part);
  parts[stage.value] = {part};
  return commit(std::move(stage));
}

LogicalResult Builder::addFeed(FeedOp op) {
  DelayOp delay = op.getDelay();
  for (auto [index, stage] : llvm::enumerate(graph.stages)) {
    if (stage.kind != Stage::Kind::Compute || stage.op != delay)
      continue;
    int64_t fed = localStream(op.getNext(), graph.stages[index].core); // may add a stage
    graph.stages[index].operandStreams.push_back(fed);
    graph.stages[index].operandPositions.push_back(allPositions(op.getNext()));
    mapping::StageInput input{fed, delay.getRowMap(1), false};
    input.feedback = true;
    graph.problem.stages[index].inputs.push_back(input);
    return success();
  }
  return op.emitOpError("is given to a state that no stage delays");
}

/// Groups the tiles of one copy of a weight, as `op` sees them, into columns, ordered by channel.
/// Fails if a tile spans parts of two columns.
FailureOr<llvm::SmallVector<ColumnTiles>> columnsOf(ForwardOp op, WeightOp weight, int64_t copy,
                                                    int64_t arraysPerCore) {
  auto shape = cast<ShapedType>(weight.getValue().getType()).getShape();
  int64_t groupCols = op.getTransposed() ? shape[1] : shape[2];
  llvm::SmallVector<TileAttr> tiles;
  for (TileAttr tile : weight.getTiles()->getAsRange<TileAttr>())
    if (tile.getCopy() == copy)
      tiles.push_back(op.orient(tile));
  auto channelOf = [&](TileAttr tile) { return tile.getGroup() * groupCols + tile.getCol(); };
  llvm::stable_sort(tiles, [&](TileAttr a, TileAttr b) {
    return std::tuple(channelOf(a), a.getSlice(), a.getRow(), a.getInstance()) <
           std::tuple(channelOf(b), b.getSlice(), b.getRow(), b.getInstance());
  });
  llvm::SmallVector<ColumnTiles> columns;
  for (TileAttr tile : tiles) {
    int64_t channels = tile.getGroups() > 1 ? tile.getGroups() * groupCols : tile.getCols();
    if (columns.empty() || columns.back().channel != channelOf(tile))
      columns.push_back({channelOf(tile), channels, {}});
    // Tiles cover the weight once, so columns that start where the one before ends leave no gap.
    int64_t before = columns.size() > 1 ? columns[columns.size() - 2].channel +
                                              columns[columns.size() - 2].channels
                                        : 0;
    if (columns.back().channel != before || columns.back().channels != channels)
      return weight.emitOpError("tiles must be cut at the same ")
             << (op.getTransposed() ? "rows in all columns, " : "columns in all rows, ")
             << op.orient(tile) << " is not";
    columns.back().byCore[tile.getArray() / arraysPerCore].push_back(tile);
  }
  return columns;
}

FailureOr<Column> Builder::addPartialSums(ForwardOp op, const ColumnTiles &column, Positions share,
                                          const std::string &name) {
  int64_t rowBytes = share.count * column.channels * 4;
  int64_t arity = partialSumArity(rowBytes, target);
  auto cores = llvm::to_vector(column.byCore);
  llvm::SmallVector<llvm::SmallVector<int64_t>> received(cores.size()); // streams, by core
  for (auto index = static_cast<int64_t>(cores.size()) - 1; index > 0; --index) {
    auto &[core, tiles] = cores[index];
    Stage partial;
    partial.kind = Stage::Kind::PartialSum;
    partial.name = name + " partial sum of channels from " + std::to_string(column.channel) +
                   " on core " + std::to_string(core);
    partial.op = op;
    partial.value = op.getResult();
    partial.core = core;
    partial.firings = getNumRows(op.getType());
    partial.positions = share;
    addOperand(partial, op.getInput(), neededOf(op, share));
    partial.columns.push_back(
        {column.channel, column.channels, tiles, received[index], arity == 1});
    Part part{newStream(partial.name, partial.firings, rowBytes), column.channel, column.channels,
              core, share};
    partial.outputs.push_back(part);
    llvm::SmallVector<mapping::StageInput> inputs;
    for (int64_t stream : received[index])
      inputs.push_back({stream, {}, true});
    received[partialSumParent(index, arity)].push_back(part.stream);
    if (failed(commit(std::move(partial), inputs)))
      return failure();
  }
  return Column{column.channel, column.channels, cores.front().second, received.front(),
                arity == 1};
}

LogicalResult Builder::addForward(ForwardOp op, WeightOp weight) {
  if (!weight.getTiles() || weight.getTiles()->empty())
    return op.emitOpError("uses weight '")
           << weight.getSymName() << "', which has no tiles; run the tiling pass first";
  int64_t perCore = std::max<int64_t>(target.chip.core.array.perCore, 1);
  parts[op.getResult()].clear();
  for (int64_t copy = 0, copies = weight.getCopies(); copy < copies; ++copy) {
    FailureOr<llvm::SmallVector<ColumnTiles>> columns = columnsOf(op, weight, copy, perCore);
    if (failed(columns))
      return failure();
    Positions share = getShare(getRowPositions(op.getType()), copy, copies);
    std::string name = nameOf(op) + (copy > 0 ? " copy " + std::to_string(copy) : "");
    if (share.count > 0 && failed(addCopy(op, *columns, share, name)))
      return failure();
  }
  llvm::sort(parts[op.getResult()], [](const Part &a, const Part &b) {
    return std::pair(a.positions.first, a.channel) < std::pair(b.positions.first, b.channel);
  });
  return success();
}

LogicalResult Builder::addCopy(ForwardOp op, llvm::ArrayRef<ColumnTiles> columns, Positions share,
                               const std::string &name) {
  int64_t firings = getNumRows(op.getType());
  // First the partial sums, so that the stages that finish a column find their streams.
  llvm::MapVector<int64_t, Stage> homes;
  for (const ColumnTiles &column : columns) {
    FailureOr<Column> finished = addPartialSums(op, column, share, name);
    if (failed(finished))
      return failure();
    homes[column.byCore.begin()->first].columns.push_back(std::move(*finished));
  }

  int64_t bytes = elementBytes(op);
  for (auto &[core, stage] : homes) {
    stage.name = homes.size() == 1 ? name : name + " on core " + std::to_string(core);
    stage.op = op;
    stage.value = op.getResult();
    stage.core = core;
    stage.firings = firings;
    stage.positions = share;
    addOperand(stage, op.getInput(), neededOf(op, share));
    llvm::SmallVector<mapping::StageInput> partials;
    for (const Column &column : stage.columns) {
      // Neighbouring columns share one output stream.
      if (!stage.outputs.empty() &&
          stage.outputs.back().channel + stage.outputs.back().channels == column.channel)
        stage.outputs.back().channels += column.channels;
      else
        stage.outputs.push_back({-1, column.channel, column.channels, core, share});
      for (int64_t stream : column.partialStreams)
        partials.push_back({stream, {}, true});
    }
    for (Part &part : stage.outputs) {
      part.stream = newStream(stage.name, firings, share.count * part.channels * bytes);
      parts[op.getResult()].push_back(part);
    }
    if (failed(commit(std::move(stage), partials)))
      return failure();
  }
  return success();
}

LogicalResult Builder::checkOperands(Operation &op) {
  for (auto [index, operand] : llvm::enumerate(op.getOperands()))
    if (isRowTensor(operand.getType()) && !parts.contains(operand))
      return op.emitOpError("operand ") << index << " is a stream that no stage makes";
  return success();
}

LogicalResult Builder::add(Operation &op) {
  if (mlir::isa<StageOpInterface, OutputOp, FeedOp>(op) && failed(checkOperands(op)))
    return failure();
  if (auto input = dyn_cast<InputOp>(op))
    return addInput(input);
  if (auto output = dyn_cast<OutputOp>(op))
    return addOutput(output);
  if (auto forward = dyn_cast<ForwardOp>(op)) {
    auto weight = SymbolTable::lookupNearestSymbolFrom<WeightOp>(forward, forward.getWeightAttr());
    if (!weight)
      return forward.emitOpError("refers to an unknown weight '") << forward.getWeight() << "'";
    if (weight.getUnit() == Unit::Array)
      return addForward(forward, weight);
    return addCompute(forward);
  }
  if (auto feed = dyn_cast<FeedOp>(op))
    return addFeed(feed);
  if (isa<StageOpInterface>(op))
    return addCompute(&op);
  if (isa<ConstantOp, func::ReturnOp>(op))
    return success();
  return op.emitOpError("has no place in a placed network");
}

LogicalResult Builder::check() {
  auto module = function->getParentOfType<ModuleOp>();
  if (!llvm::hasSingleElement(function.getBody()))
    return function.emitOpError("must have one block to be placed, has ")
           << function.getBody().getBlocks().size();
  bool tiles = succeeded(checkTiles(module, target));
  bool cores = succeeded(checkCores(module, target));
  return success(tiles && cores);
}

/// A slice that takes some of the channels of each row waits for nobody, and neither does the
/// receiver of rows that are read by such slices alone.
void Builder::markEager() {
  std::vector<bool> eagerOnly(graph.problem.streams.size(), true);
  for (auto [stage, actor] : llvm::zip_equal(graph.stages, graph.problem.stages)) {
    auto slice = dyn_cast_if_present<SliceOp>(stage.op);
    actor.eager = stage.kind == Stage::Kind::Compute && slice &&
                  channelsOf(slice.getResult()) < channelsOf(slice.getInput()) &&
                  getNumRows(slice.getType()) == getNumRows(slice.getInput().getType());
    for (const mapping::StageInput &input : actor.inputs)
      eagerOnly[static_cast<size_t>(input.stream)] =
          eagerOnly[static_cast<size_t>(input.stream)] && actor.eager;
  }
  for (auto [stage, actor] : llvm::zip_equal(graph.stages, graph.problem.stages))
    if (stage.kind == Stage::Kind::Assemble)
      actor.eager = eagerOnly[static_cast<size_t>(actor.outputs.front())];
}

FailureOr<StageGraph> Builder::build() {
  if (failed(check()))
    return failure();
  for (Operation &op : function.getBody().front())
    if (failed(add(op)))
      return failure();
  markEager();
  graph.receivers.resize(graph.problem.streams.size());
  for (auto [index, stage] : llvm::enumerate(graph.problem.stages))
    for (const mapping::StageInput &input : stage.inputs)
      if (input.viaChannel)
        graph.receivers[static_cast<size_t>(input.stream)].push_back(static_cast<int64_t>(index));
  return std::move(graph);
}

} // namespace

FailureOr<StageGraph> buildStageGraph(func::FuncOp function, const target::Target &target) {
  return Builder(function, target).build();
}

} // namespace cimc::cim
