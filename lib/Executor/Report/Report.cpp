//===- Report.cpp - A program's figures as a page -------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Fills the template. Everything that can be read without a script is in the page as HTML; the
// script finds the same figures as JSON. Names come from models, so they are escaped wherever they
// go.
//
//===--------------------------------------------------------------------------===//

#include "cimc/Executor/Report.h"

#include "Page.h"

#include <utility>

namespace cimc::executor {
namespace {

using namespace report;

using Part = std::pair<std::string_view, std::string>;

/// The template with each `{{name}}` replaced. What is put in is not looked at again.
std::string fill(std::string_view page, const std::vector<Part> &parts) {
  std::string out;
  for (size_t begin; (begin = page.find("{{")) != page.npos;) {
    size_t end = page.find("}}", begin);
    std::string_view name = page.substr(begin + 2, end - begin - 2);
    out += page.substr(0, begin);
    for (const Part &part : parts)
      if (part.first == name)
        out += part.second;
    page.remove_prefix(end + 2);
  }
  return out + std::string(page);
}

/// JSON as the content of a script element: no `<`, which could end it.
std::string insideScript(const std::string &json) {
  std::string out;
  for (char c : json)
    if (c == '<')
      out += "\\u003c";
    else
      out += c;
  return out;
}

} // namespace

std::string report::escape(std::string_view text) {
  std::string out;
  for (char c : text)
    switch (c) {
    case '&':
      out += "&amp;";
      break;
    case '<':
      out += "&lt;";
      break;
    case '>':
      out += "&gt;";
      break;
    case '"':
      out += "&quot;";
      break;
    case '\'':
      out += "&#39;";
      break;
    default:
      if (static_cast<unsigned char>(c) >= 0x20 || c == '\n' || c == '\t')
        out += c;
      else
        out += "\uFFFD"; // HTML knows no other control characters
    }
  return out;
}

Result<std::string> reportToHtml(const program::ValidatedProgram &program,
                                 const TimingReport &timing, const CompileFacts *compile) {
  Result<ReportData> data = collect(program.program(), timing, compile);
  if (!data)
    return data.error();
  return fill(asset("report.html"), {{"style", std::string(asset("report.css"))},
                                     {"script", std::string(asset("report.js"))},
                                     {"program", escape(timing.program)},
                                     {"target", escape(timing.target)},
                                     {"description", escape(program.program().target.description)},
                                     {"headline", headlineHtml(*data)},
                                     {"chips", chipsHtml(*data)},
                                     {"energy", energyHtml(*data)},
                                     {"power", powerHtml(*data)},
                                     {"layers", layersHtml(*data)},
                                     {"cores", coresHtml(*data)},
                                     {"compile", compileHtml(*data)},
                                     {"machine", machineHtml(*data)},
                                     {"data", insideScript(toJson(*data))}});
}

} // namespace cimc::executor
