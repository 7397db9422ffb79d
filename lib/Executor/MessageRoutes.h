//===- MessageRoutes.h - What messages of channels pass -------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The links that the messages of each channel take, over the grids of chips and from chip to chip,
// and what that costs.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_LIB_EXECUTOR_MESSAGEROUTES_H
#define CIMC_LIB_EXECUTOR_MESSAGEROUTES_H

#include "TimingModel.h"

namespace cimc::executor::timing {

/// Fills `channels` and `links` of the model, whose target is set. Links between chips that
/// `options` make free are not on routes.
void addChannels(const program::Program &program, const TimingOptions &options, Model &model);

} // namespace cimc::executor::timing

#endif // CIMC_LIB_EXECUTOR_MESSAGEROUTES_H
