//===- MessageRoutes.cpp - What messages of channels pass ------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A route is first a list of links by their ends. Only links that some route has get a number, in
// the order of chips and places, those between chips last.
//
//===--------------------------------------------------------------------------===//

#include "MessageRoutes.h"

#include "cimc/Target/Routes.h"

#include <algorithm>
#include <map>
#include <tuple>

namespace cimc::executor::timing {
namespace {

using namespace cimc::program;

auto keyOf(const Link &link) { return std::tuple(link.joinsChips, link.chip, link.from, link.to); }

class Router {
public:
  Router(const Program &program, const TimingOptions &options, const target::Target &target)
      : program(program), target(target), linksAreFree(options.freeLinks),
        columns(std::max(1u, target.chip.gridColumns)) {}

  ChannelModel reduce(const Channel &channel) {
    double bytes = channel.messageBytes;
    const Core *source = coreOf(channel.source), *receiver = coreOf(channel.target);
    ChannelModel result;
    result.fromHost = !source;
    result.toHost = !receiver;
    result.sourceChip = (source ? source : receiver)->chip;
    result.targetChip = (receiver ? receiver : source)->chip;
    result.depth = channel.depth;
    result.portNs = result.routeNs = bytes / target.chip.network.bytesPerNs;
    ends.clear();
    // The host's link and those between chips end at place 0.
    uint32_t from = source ? source->index : 0, to = receiver ? receiver->index : 0;
    if (result.joinsChips()) {
      addPlaces(result.sourceChip, from, 0);
      addChips(result);
      addPlaces(result.targetChip, 0, to);
      if (!linksAreFree)
        result.routeNs = std::max(result.routeNs, bytes / target.links.bytesPerNs);
    } else {
      addPlaces(result.sourceChip, from, to);
    }
    addCosts(bytes, result);
    routes.push_back(ends);
    return result;
  }

  /// Numbers the links, and puts the numbers into the routes of the channels.
  std::vector<Link> number(std::vector<ChannelModel> &channels) {
    std::map<decltype(keyOf(Link())), uint32_t> numbers;
    for (const std::vector<Link> &route : routes)
      for (const Link &link : route)
        numbers.try_emplace(keyOf(link));
    std::vector<Link> links;
    for (auto &[key, number] : numbers) {
      number = static_cast<uint32_t>(links.size());
      links.push_back(std::make_from_tuple<Link>(key));
    }
    for (size_t i = 0; i < channels.size(); ++i)
      for (size_t hop = 0; hop < routes[i].size(); ++hop)
        channels[i].route[hop].link = numbers[keyOf(routes[i][hop])];
    return links;
  }

private:
  const Core *coreOf(uint32_t number) const {
    return number == kHost ? nullptr : &program.cores[number];
  }

  /// From place to place of a chip, horizontal first.
  void addPlaces(uint32_t chip, uint32_t from, uint32_t to) {
    auto step = [&](uint32_t next) {
      ends.push_back({false, chip, from, next});
      from = next;
    };
    while (from % columns != to % columns)
      step(from % columns < to % columns ? from + 1 : from - 1);
    while (from != to)
      step(from < to ? from + columns : from - columns);
  }

  void addChips(ChannelModel &result) {
    std::vector<uint32_t> chips = target::chipRoute(target, result.sourceChip, result.targetChip);
    result.chipHops = static_cast<uint32_t>(chips.size() - 1);
    for (size_t i = 0; i + 1 < chips.size() && !linksAreFree; ++i)
      ends.push_back({true, 0, chips[i], chips[i + 1]});
  }

  void addCosts(double bytes, ChannelModel &result) const {
    uint32_t hops = 0, chipHops = 0;
    auto delay = [&] {
      return hops * target.chip.network.hopNs + chipHops * target.links.latencyNs;
    };
    for (const Link &link : ends) {
      result.route.push_back({0, delay()});
      ++(link.joinsChips ? chipHops : hops);
    }
    result.delayNs = delay();
    result.energy.network = bytes * hops * target.chip.network.pjPerByteHop;
    result.energy.links = bytes * chipHops * target.links.pjPerByte;
    if (result.fromHost || result.toHost) {
      result.hostNs = bytes / target.host.bytesPerNs;
      result.energy.host = bytes * target.host.pjPerByte;
    }
  }

  const Program &program;
  const target::Target &target;
  bool linksAreFree;
  uint32_t columns;
  std::vector<Link> ends;                ///< of the route that is being made
  std::vector<std::vector<Link>> routes; ///< by channel
};

} // namespace

void addChannels(const Program &program, const TimingOptions &options, Model &model) {
  Router router(program, options, model.target);
  for (const Channel &channel : program.channels)
    model.channels.push_back(router.reduce(channel));
  model.links = router.number(model.channels);
}

} // namespace cimc::executor::timing
