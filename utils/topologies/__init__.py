# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Published networks with random weights: one function per network, one file per family, and the ONNX writer that they share."""
