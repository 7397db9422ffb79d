//===- Window.h - Sliding windows of convolutions and pools ----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// ONNX says where a window goes in five ways (pads, auto_pad, strides, dilations, ceil_mode); TOSA
// wants windows that fit exactly. A Window is resolved to explicit numbers; what a stride leaves
// over becomes a smaller padding or a cut.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_LIB_FRONTEND_ONNX_WINDOW_H
#define CIMC_LIB_FRONTEND_ONNX_WINDOW_H

#include "ImportContext.h"

namespace cimc::frontend {

/// One spatial dimension of a window over an input of `input` positions, resolved.
struct WindowDim {
  int64_t input = 1, kernel = 1, stride = 1, dilation = 1;
  int64_t low = 0, high = 0; // padding that the model asks for
  int64_t ceilHigh = 0;      // padding that ceil_mode adds behind it
  int64_t output = 1;

  int64_t span() const { return (kernel - 1) * dilation + 1; }
  /// Positions at the end of the padded input that no window reaches.
  int64_t leftOver() const {
    return input + low + high + ceilHigh - ((output - 1) * stride + span());
  }
};

/// A window over two spatial dimensions. One-dimensional windows have W = 1.
struct Window {
  WindowDim h, w;
  bool oneDimensional = false;
};

/// Larger windows, strides or paddings are surely broken files and could overflow sums.
inline constexpr int64_t kMaxExtent = int64_t(1) << 31;

/// Checks that attribute `name` holds `count` values, each from `least` to
/// `kMaxExtent`; reports what is wrong.
mlir::LogicalResult checkExtents(Node &node, llvm::StringRef name,
                                 const std::vector<int64_t> &values, size_t count, int64_t least);

/// Reads strides, dilations, pads, auto_pad and ceil_mode for an input `N x C x spatial...` and the
/// given kernel. Reports what is inconsistent or not supported.
mlir::FailureOr<Window> resolveWindow(Node &node, const Shape &input,
                                      const std::vector<int64_t> &kernel, bool allowCeil);

/// `N x C x L` becomes `N x C x L x 1`; then channels go last.
mlir::Value toChannelsLast(Node &node, mlir::Value input, const Window &window);
/// The inverse for a result.
mlir::Value toChannelsFirst(Node &node, mlir::Value result, const Window &window);

/// Makes the window fit exactly: shrinks the padding behind or cuts the NHWC input. Returns the
/// input to use.
mlir::Value fitWindow(Node &node, mlir::Value input, Window &window);

} // namespace cimc::frontend

#endif // CIMC_LIB_FRONTEND_ONNX_WINDOW_H
