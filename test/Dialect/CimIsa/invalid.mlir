// RUN: %cimc-opt %s --split-input-file --verify-diagnostics

// Tables stand in order.
cimisa.program "p" attributes {target = dense<0> : tensor<4xi8>} {
  // expected-note @below {{this one stands before it}}
  cimisa.tile "t" {core = 0 : i32, array = 0 : i32, row = 0 : i32, col = 0 : i32, rows = 4 : i32, cols = 4 : i32, data = 0 : i32, offset = 0 : i64, pitch = 4 : i32}
  // expected-error @below {{must stand before every 'cimisa.tile'}}
  cimisa.data dense<1> : tensor<16xi8>
  cimisa.core attributes {chip = 0 : i32, index = 0 : i32, memory_bytes = 64 : i32} {
    cimisa.buffer "x" {address = 0 : i32, row_bytes = 16 : i32, rows = 1 : i32}
    cimisa.control {}
  }
}

// -----

// A core ends with its control stream.
cimisa.program "p" attributes {target = dense<0> : tensor<4xi8>} {
  // expected-error @below {{must hold exactly one 'cimisa.control', but holds 0}}
  cimisa.core attributes {chip = 0 : i32, index = 0 : i32, memory_bytes = 64 : i32} {
    cimisa.buffer "x" {address = 0 : i32, row_bytes = 16 : i32, rows = 1 : i32}
  }
}

// -----

// Buffers stand before blocks.
cimisa.program "p" attributes {target = dense<0> : tensor<4xi8>} {
  cimisa.core attributes {chip = 0 : i32, index = 0 : i32, memory_bytes = 64 : i32} {
    cimisa.buffer "x" {address = 0 : i32, row_bytes = 16 : i32, rows = 1 : i32}
    // expected-note @below {{this one stands before it}}
    cimisa.block "b" {}
    // expected-error @below {{must stand before every 'cimisa.block'}}
    cimisa.buffer "z" {address = 16 : i32, row_bytes = 16 : i32, rows = 1 : i32}
    cimisa.control {}
  }
}

// -----

// Target bytes.
// expected-error @below {{'target' must hold bytes (i8), but holds 'i32'}}
cimisa.program "p" attributes {target = dense<0> : tensor<4xi32>} {
  cimisa.core attributes {chip = 0 : i32, index = 0 : i32, memory_bytes = 64 : i32} {
    cimisa.buffer "x" {address = 0 : i32, row_bytes = 16 : i32, rows = 1 : i32}
    cimisa.control {}
  }
}

// -----

// Data formats.
cimisa.program "p" attributes {target = dense<0> : tensor<4xi8>} {
  // expected-error @below {{elements must be i8, i32, i64, f32 or f16, but are 'f64'}}
  cimisa.data dense<1.0> : tensor<16xf64>
  cimisa.core attributes {chip = 0 : i32, index = 0 : i32, memory_bytes = 64 : i32} {
    cimisa.buffer "x" {address = 0 : i32, row_bytes = 16 : i32, rows = 1 : i32}
    cimisa.control {}
  }
}

// -----

// Tile indices.
cimisa.program "p" attributes {target = dense<0> : tensor<4xi8>} {
  cimisa.data dense<1> : tensor<16xi8>
  // expected-error @below {{data must be less than 1, the number in the program, but is 3}}
  cimisa.tile "t" {core = 0 : i32, array = 0 : i32, row = 0 : i32, col = 0 : i32, rows = 4 : i32, cols = 4 : i32, data = 3 : i32, offset = 0 : i64, pitch = 4 : i32}
  cimisa.core attributes {chip = 0 : i32, index = 0 : i32, memory_bytes = 64 : i32} {
    cimisa.buffer "x" {address = 0 : i32, row_bytes = 16 : i32, rows = 1 : i32}
    cimisa.control {}
  }
}

// -----

// Tile core.
cimisa.program "p" attributes {target = dense<0> : tensor<4xi8>} {
  cimisa.data dense<1> : tensor<16xi8>
  // expected-error @below {{core must be less than 1, the number in the program, but is 2}}
  cimisa.tile "t" {core = 2 : i32, array = 0 : i32, row = 0 : i32, col = 0 : i32, rows = 4 : i32, cols = 4 : i32, data = 0 : i32, offset = 0 : i64, pitch = 4 : i32}
  cimisa.core attributes {chip = 0 : i32, index = 0 : i32, memory_bytes = 64 : i32} {
    cimisa.buffer "x" {address = 0 : i32, row_bytes = 16 : i32, rows = 1 : i32}
    cimisa.control {}
  }
}

// -----

// One step of converters per column, or one for all.
cimisa.program "p" attributes {target = dense<0> : tensor<4xi8>} {
  cimisa.data dense<1> : tensor<16xi8>
  // expected-error @below {{'steps' must be one number, one per column (4), or one per column and row (8), but are 3}}
  cimisa.tile "t" {core = 0 : i32, array = 0 : i32, row = 0 : i32, col = 0 : i32, rows = 4 : i32, cols = 4 : i32, data = 0 : i32, offset = 0 : i64, pitch = 4 : i32, steps = array<f32: 1.0, 2.0, 3.0>}
  cimisa.core attributes {chip = 0 : i32, index = 0 : i32, memory_bytes = 64 : i32} {
    cimisa.buffer "x" {address = 0 : i32, row_bytes = 16 : i32, rows = 1 : i32}
    cimisa.control {}
  }
}

// -----

// No step finer than an integer.
cimisa.program "p" attributes {target = dense<0> : tensor<4xi8>} {
  cimisa.data dense<1> : tensor<16xi8>
  // expected-error @below {{'steps' must be between 1 and 2^30, but one is 5.000000e-01}}
  cimisa.tile "t" {core = 0 : i32, array = 0 : i32, row = 0 : i32, col = 0 : i32, rows = 4 : i32, cols = 4 : i32, data = 0 : i32, offset = 0 : i64, pitch = 4 : i32, steps = array<f32: 0.5>}
  cimisa.core attributes {chip = 0 : i32, index = 0 : i32, memory_bytes = 64 : i32} {
    cimisa.buffer "x" {address = 0 : i32, row_bytes = 16 : i32, rows = 1 : i32}
    cimisa.control {}
  }
}

// -----

// Tile pitch.
cimisa.program "p" attributes {target = dense<0> : tensor<4xi8>} {
  cimisa.data dense<1> : tensor<16xi8>
  // expected-error @below {{'pitch' must be at least 'cols' (5), but is 4}}
  cimisa.tile "t" {core = 0 : i32, array = 0 : i32, row = 0 : i32, col = 0 : i32, rows = 4 : i32, cols = 5 : i32, data = 0 : i32, offset = 0 : i64, pitch = 4 : i32}
  cimisa.core attributes {chip = 0 : i32, index = 0 : i32, memory_bytes = 64 : i32} {
    cimisa.buffer "x" {address = 0 : i32, row_bytes = 16 : i32, rows = 1 : i32}
    cimisa.control {}
  }
}

// -----

// Channel ends.
cimisa.program "p" attributes {target = dense<0> : tensor<4xi8>} {
  // expected-error @below {{source must be less than 1, the number in the program, but is 7}}
  cimisa.channel "c" {source = 7 : i32, target = 0 : i32, message_bytes = 4 : i32, depth = 1 : i32}
  cimisa.core attributes {chip = 0 : i32, index = 0 : i32, memory_bytes = 64 : i32} {
    cimisa.buffer "x" {address = 0 : i32, row_bytes = 16 : i32, rows = 1 : i32}
    cimisa.control {}
  }
}

// -----

// Host to host.
cimisa.program "p" attributes {target = dense<0> : tensor<4xi8>} {
  // expected-error @below {{must have a core at one end, but both are the host}}
  cimisa.channel "c" {source = -1 : i32, target = -1 : i32, message_bytes = 4 : i32, depth = 1 : i32}
  cimisa.core attributes {chip = 0 : i32, index = 0 : i32, memory_bytes = 64 : i32} {
    cimisa.buffer "x" {address = 0 : i32, row_bytes = 16 : i32, rows = 1 : i32}
    cimisa.control {}
  }
}

// -----

// Empty messages.
cimisa.program "p" attributes {target = dense<0> : tensor<4xi8>} {
  // expected-error @below {{'message_bytes' must be at least 1, but is 0}}
  cimisa.channel "c" {source = -1 : i32, target = 0 : i32, message_bytes = 0 : i32, depth = 1 : i32}
  cimisa.core attributes {chip = 0 : i32, index = 0 : i32, memory_bytes = 64 : i32} {
    cimisa.buffer "x" {address = 0 : i32, row_bytes = 16 : i32, rows = 1 : i32}
    cimisa.control {}
  }
}

// -----

// Formats of a stream.
cimisa.program "p" attributes {target = dense<0> : tensor<4xi8>} {
  // expected-error @below {{'format' must be i8 or i32 or f32 or i64, but is f16}}
  cimisa.stream "s" {is_input = true, format = #cimisa.format<f16>, shape = array<i64: 4>, rows = 1 : i32, row_stride = 4 : i64, dims = array<i32: 1, 1, 1, 4>, strides = array<i32: 0, 0, 0, 1>, channels = array<i32: 0>, signed_shift = false}
}

// -----

// Channels of a stream.
cimisa.program "p" attributes {target = dense<0> : tensor<4xi8>} {
  // expected-error @below {{channel must be less than 0, the number in the program, but is 0}}
  cimisa.stream "s" {is_input = false, format = #cimisa.format<i8>, shape = array<i64: 4>, rows = 1 : i32, row_stride = 4 : i64, dims = array<i32: 1, 1, 1, 4>, strides = array<i32: 0, 0, 0, 1>, channels = array<i32: 0>, signed_shift = false}
  cimisa.core attributes {chip = 0 : i32, index = 0 : i32, memory_bytes = 64 : i32} {
    cimisa.buffer "x" {address = 0 : i32, row_bytes = 16 : i32, rows = 1 : i32}
    cimisa.control {}
  }
}

// -----

// An output has one channel.
cimisa.program "p" attributes {target = dense<0> : tensor<4xi8>} {
  cimisa.channel "c" {source = 0 : i32, target = -1 : i32, message_bytes = 4 : i32, depth = 1 : i32}
  // expected-error @below {{must have exactly one channel, but has 2}}
  cimisa.stream "s" {is_input = false, format = #cimisa.format<i8>, shape = array<i64: 4>, rows = 1 : i32, row_stride = 4 : i64, dims = array<i32: 1, 1, 1, 4>, strides = array<i32: 0, 0, 0, 1>, channels = array<i32: 0, 0>, signed_shift = false}
  cimisa.core attributes {chip = 0 : i32, index = 0 : i32, memory_bytes = 64 : i32} {
    cimisa.buffer "x" {address = 0 : i32, row_bytes = 16 : i32, rows = 1 : i32}
    cimisa.control {}
  }
}

// -----

// Constants name segment and offset.
cimisa.program "p" attributes {target = dense<0> : tensor<4xi8>} {
  cimisa.core attributes {chip = 0 : i32, index = 0 : i32, memory_bytes = 64 : i32} {
    cimisa.buffer "x" {address = 0 : i32, row_bytes = 16 : i32, rows = 1 : i32}
    // expected-error @below {{must have both 'data' and 'data_offset' or neither}}
    cimisa.buffer "z" {address = 16 : i32, row_bytes = 16 : i32, rows = 1 : i32, data = 0 : i32}
    cimisa.control {}
  }
}

// -----

// Buffer segments.
cimisa.program "p" attributes {target = dense<0> : tensor<4xi8>} {
  cimisa.core attributes {chip = 0 : i32, index = 0 : i32, memory_bytes = 64 : i32} {
    cimisa.buffer "x" {address = 0 : i32, row_bytes = 16 : i32, rows = 1 : i32}
    // expected-error @below {{data must be less than 0, the number in the program, but is 0}}
    cimisa.buffer "z" {address = 16 : i32, row_bytes = 16 : i32, rows = 1 : i32, data = 0 : i32, data_offset = 0 : i64}
    cimisa.control {}
  }
}

// -----

// Loops are closed.
cimisa.program "p" attributes {target = dense<0> : tensor<4xi8>} {
  cimisa.core attributes {chip = 0 : i32, index = 0 : i32, memory_bytes = 64 : i32} {
    cimisa.buffer "x" {address = 0 : i32, row_bytes = 16 : i32, rows = 1 : i32}
    cimisa.control {
      // expected-error @below {{has no matching end}}
      cimisa.loop 2
    }
  }
}

// -----

// Ends close a loop.
cimisa.program "p" attributes {target = dense<0> : tensor<4xi8>} {
  cimisa.core attributes {chip = 0 : i32, index = 0 : i32, memory_bytes = 64 : i32} {
    cimisa.buffer "x" {address = 0 : i32, row_bytes = 16 : i32, rows = 1 : i32}
    cimisa.control {
      // expected-error @below {{closes no loop}}
      cimisa.end
    }
  }
}

// -----

// Loops run.
cimisa.program "p" attributes {target = dense<0> : tensor<4xi8>} {
  cimisa.core attributes {chip = 0 : i32, index = 0 : i32, memory_bytes = 64 : i32} {
    cimisa.buffer "x" {address = 0 : i32, row_bytes = 16 : i32, rows = 1 : i32}
    cimisa.control {
      // expected-error @below {{'count' must be at least 1, but is 0}}
      cimisa.loop 0
      cimisa.end
    }
  }
}

// -----

// Blocks exist.
cimisa.program "p" attributes {target = dense<0> : tensor<4xi8>} {
  cimisa.core attributes {chip = 0 : i32, index = 0 : i32, memory_bytes = 64 : i32} {
    cimisa.buffer "x" {address = 0 : i32, row_bytes = 16 : i32, rows = 1 : i32}
    cimisa.control {
      // expected-error @below {{block must be less than 0, the number in the core, but is 1}}
      cimisa.fire 1 times 1
    }
  }
}

// -----

// Control holds control instructions only.
cimisa.program "p" attributes {target = dense<0> : tensor<4xi8>} {
  cimisa.core attributes {chip = 0 : i32, index = 0 : i32, memory_bytes = 64 : i32} {
    cimisa.buffer "x" {address = 0 : i32, row_bytes = 16 : i32, rows = 1 : i32}
    cimisa.control {
      // expected-error @below {{expects parent op 'cimisa.block'}}
      cimisa.fill {format = #cimisa.format<i8>, dst = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>, count = 4 : i32, value = -128 : i32}
    }
  }
}

// -----

// Blocks hold data instructions only.
cimisa.program "p" attributes {target = dense<0> : tensor<4xi8>} {
  cimisa.core attributes {chip = 0 : i32, index = 0 : i32, memory_bytes = 64 : i32} {
    cimisa.buffer "x" {address = 0 : i32, row_bytes = 16 : i32, rows = 1 : i32}
    cimisa.block "b" {
      // expected-error @below {{expects parent op 'cimisa.control'}}
      cimisa.end
    }
    cimisa.control {}
  }
}

// -----

// Buffers exist.
cimisa.program "p" attributes {target = dense<0> : tensor<4xi8>} {
  cimisa.core attributes {chip = 0 : i32, index = 0 : i32, memory_bytes = 64 : i32} {
    cimisa.buffer "x" {address = 0 : i32, row_bytes = 16 : i32, rows = 1 : i32}
    cimisa.block "b" {
      // expected-error @below {{'dst' names a buffer that must be less than 1, the number in the core, but is 4}}
      cimisa.fill {format = #cimisa.format<i8>, dst = #cimisa.row<buffer = 4, mul = 0, div = 1, add = 0, offset = 0>, count = 4 : i32, value = -128 : i32}
    }
    cimisa.control {}
  }
}

// -----

// Rows have a divisor.
cimisa.program "p" attributes {target = dense<0> : tensor<4xi8>} {
  cimisa.core attributes {chip = 0 : i32, index = 0 : i32, memory_bytes = 64 : i32} {
    cimisa.buffer "x" {address = 0 : i32, row_bytes = 16 : i32, rows = 1 : i32}
    cimisa.block "b" {
      // expected-error @below {{'dst' must have 'div' of at least 1, but it is 0}}
      cimisa.fill {format = #cimisa.format<i8>, dst = #cimisa.row<buffer = 0, mul = 0, div = 0, add = 0, offset = 0>, count = 4 : i32, value = -128 : i32}
    }
    cimisa.control {}
  }
}

// -----

// Channels exist.
cimisa.program "p" attributes {target = dense<0> : tensor<4xi8>} {
  cimisa.core attributes {chip = 0 : i32, index = 0 : i32, memory_bytes = 64 : i32} {
    cimisa.buffer "x" {address = 0 : i32, row_bytes = 16 : i32, rows = 1 : i32}
    cimisa.block "b" {
      // expected-error @below {{channel must be less than 0, the number in the program, but is 1}}
      cimisa.send {channel = 1 : i32, src = #cimisa.row<buffer = 0, mul = 1, div = 1, add = 0, offset = 0>, chunks = 1 : i32, chunk_bytes = 8 : i32, pitch = 8 : i32}
    }
    cimisa.control {}
  }
}

// -----

// Chunks do not overlap.
cimisa.program "p" attributes {target = dense<0> : tensor<4xi8>} {
  cimisa.core attributes {chip = 0 : i32, index = 0 : i32, memory_bytes = 64 : i32} {
    cimisa.buffer "x" {address = 0 : i32, row_bytes = 16 : i32, rows = 1 : i32}
    cimisa.block "b" {
      // expected-error @below {{chunks must not overlap: 'pitch' is 4, 'chunk_bytes' is 16}}
      cimisa.recv {channel = 0 : i32, dst = #cimisa.row<buffer = 0, mul = 1, div = 1, add = 0, offset = 0>, chunks = 2 : i32, chunk_bytes = 16 : i32, pitch = 4 : i32}
    }
    cimisa.control {}
  }
}

// -----

// Tiles exist.
cimisa.program "p" attributes {target = dense<0> : tensor<4xi8>} {
  cimisa.core attributes {chip = 0 : i32, index = 0 : i32, memory_bytes = 64 : i32} {
    cimisa.buffer "x" {address = 0 : i32, row_bytes = 16 : i32, rows = 1 : i32}
    cimisa.block "b" {
      // expected-error @below {{tile must be less than 0, the number in the program, but is 0}}
      cimisa.read {tile = 0 : i32, direction = #cimisa.direction<forward>, window = #cimisa.window<buffer = 0, mul = 1, div = 1, add = -1, height = 4, width = 1, pitch = 16, channel = 0, channels = 16, kernel_h = 3, kernel_w = 1, dilation_h = 1, dilation_w = 1, stride_w = 1, pad_left = 0, positions = 1, pad_value = 0>, first_row = 0 : i32, dst = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>, accumulate = false, passes = 1 : i32}
    }
    cimisa.control {}
  }
}

// -----

// Passes.
cimisa.program "p" attributes {target = dense<0> : tensor<4xi8>} {
  cimisa.core attributes {chip = 0 : i32, index = 0 : i32, memory_bytes = 64 : i32} {
    cimisa.buffer "x" {address = 0 : i32, row_bytes = 16 : i32, rows = 1 : i32}
    cimisa.block "b" {
      // expected-error @below {{'passes' must be 1 or 2, but is 3}}
      cimisa.read {tile = 0 : i32, direction = #cimisa.direction<forward>, window = #cimisa.window<buffer = 0, mul = 1, div = 1, add = -1, height = 4, width = 1, pitch = 16, channel = 0, channels = 16, kernel_h = 3, kernel_w = 1, dilation_h = 1, dilation_w = 1, stride_w = 1, pad_left = 0, positions = 1, pad_value = 0>, first_row = 0 : i32, dst = #cimisa.row<buffer = 1, mul = 0, div = 1, add = 0, offset = 0>, accumulate = false, passes = 3 : i32}
    }
    cimisa.control {}
  }
}

// -----

// Windows move.
cimisa.program "p" attributes {target = dense<0> : tensor<4xi8>} {
  cimisa.core attributes {chip = 0 : i32, index = 0 : i32, memory_bytes = 64 : i32} {
    cimisa.buffer "x" {address = 0 : i32, row_bytes = 16 : i32, rows = 1 : i32}
    cimisa.block "b" {
      // expected-error @below {{'stride_w' must be at least 1, but is 0}}
      cimisa.pool {fn = #cimisa.reduce_fn<max>, format = #cimisa.format<i8>, window = #cimisa.window<buffer = 0, mul = 1, div = 1, add = -1, height = 4, width = 1, pitch = 16, channel = 0, channels = 16, kernel_h = 3, kernel_w = 1, dilation_h = 1, dilation_w = 1, stride_w = 0, pad_left = 0, positions = 1, pad_value = 0>, dst = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>}
    }
    cimisa.control {}
  }
}

// -----

// Windows stay in a position.
cimisa.program "p" attributes {target = dense<0> : tensor<4xi8>} {
  cimisa.core attributes {chip = 0 : i32, index = 0 : i32, memory_bytes = 64 : i32} {
    cimisa.buffer "x" {address = 0 : i32, row_bytes = 16 : i32, rows = 1 : i32}
    cimisa.block "b" {
      // expected-error @below {{window reads channels 8 to 23, but 'pitch' is 16}}
      cimisa.pool {fn = #cimisa.reduce_fn<max>, format = #cimisa.format<i8>, window = #cimisa.window<buffer = 0, mul = 1, div = 1, add = -1, height = 4, width = 1, pitch = 16, channel = 8, channels = 16, kernel_h = 3, kernel_w = 1, dilation_h = 1, dilation_w = 1, stride_w = 1, pad_left = 0, positions = 1, pad_value = 0>, dst = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>}
    }
    cimisa.control {}
  }
}

// -----

// Requantised formats.
cimisa.program "p" attributes {target = dense<0> : tensor<4xi8>} {
  cimisa.core attributes {chip = 0 : i32, index = 0 : i32, memory_bytes = 64 : i32} {
    cimisa.buffer "x" {address = 0 : i32, row_bytes = 16 : i32, rows = 1 : i32}
    cimisa.block "b" {
      // expected-error @below {{'to' must be i8 or f32 or f16, but is i64}}
      cimisa.requant {src = #cimisa.row<buffer = 1, mul = 0, div = 1, add = 0, offset = 0>, bias = #cimisa.row<buffer = 1, mul = 0, div = 1, add = 0, offset = 0>, scale = #cimisa.row<buffer = 1, mul = 0, div = 1, add = 0, offset = 0>, dst = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>, to = #cimisa.format<i64>, positions = 1 : i32, channels = 8 : i32, dst_pitch = 8 : i32, zero_point = -3 : i32, lo = -128 : i32, hi = 127 : i32}
    }
    cimisa.control {}
  }
}

// -----

// Requantised pitch.
cimisa.program "p" attributes {target = dense<0> : tensor<4xi8>} {
  cimisa.core attributes {chip = 0 : i32, index = 0 : i32, memory_bytes = 64 : i32} {
    cimisa.buffer "x" {address = 0 : i32, row_bytes = 16 : i32, rows = 1 : i32}
    cimisa.block "b" {
      // expected-error @below {{'dst_pitch' must be at least 'channels' (8), but is 7}}
      cimisa.requant {src = #cimisa.row<buffer = 1, mul = 0, div = 1, add = 0, offset = 0>, bias = #cimisa.row<buffer = 1, mul = 0, div = 1, add = 0, offset = 0>, scale = #cimisa.row<buffer = 1, mul = 0, div = 1, add = 0, offset = 0>, dst = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>, to = #cimisa.format<i8>, positions = 1 : i32, channels = 8 : i32, dst_pitch = 7 : i32, zero_point = -3 : i32, lo = -128 : i32, hi = 127 : i32}
    }
    cimisa.control {}
  }
}

// -----

// Clamping.
cimisa.program "p" attributes {target = dense<0> : tensor<4xi8>} {
  cimisa.core attributes {chip = 0 : i32, index = 0 : i32, memory_bytes = 64 : i32} {
    cimisa.buffer "x" {address = 0 : i32, row_bytes = 16 : i32, rows = 1 : i32}
    cimisa.block "b" {
      // expected-error @below {{must clamp to a range inside [-128, 127], but has [4, 3]}}
      cimisa.quantize {src = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>, dst = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>, count = 4 : i32, scale = 5.000000e-01 : f32, zero_point = 0 : i32, lo = 4 : i32, hi = 3 : i32}
    }
    cimisa.control {}
  }
}

// -----

// Zero points.
cimisa.program "p" attributes {target = dense<0> : tensor<4xi8>} {
  cimisa.core attributes {chip = 0 : i32, index = 0 : i32, memory_bytes = 64 : i32} {
    cimisa.buffer "x" {address = 0 : i32, row_bytes = 16 : i32, rows = 1 : i32}
    cimisa.block "b" {
      // expected-error @below {{'zero_point' must lie in [-128, 127], but is 200}}
      cimisa.dequantize {src = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>, dst = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>, count = 4 : i32, scale = 5.000000e-01 : f32, zero_point = 200 : i32}
    }
    cimisa.control {}
  }
}

// -----

// Scales.
cimisa.program "p" attributes {target = dense<0> : tensor<4xi8>} {
  cimisa.core attributes {chip = 0 : i32, index = 0 : i32, memory_bytes = 64 : i32} {
    cimisa.buffer "x" {address = 0 : i32, row_bytes = 16 : i32, rows = 1 : i32}
    cimisa.block "b" {
      // expected-error @below {{'b_scale' must be positive and finite, but is}}
      cimisa.add_quantized {a = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>, b = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>, dst = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>, count = 4 : i32, a_scale = 5.000000e-01 : f32, a_zero_point = 0 : i32, b_scale = 0.0 : f32, b_zero_point = 3 : i32, scale = 1.000000e+00 : f32, zero_point = 0 : i32, lo = -128 : i32, hi = 127 : i32}
    }
    cimisa.control {}
  }
}

// -----

// Shifts.
cimisa.program "p" attributes {target = dense<0> : tensor<4xi8>} {
  cimisa.core attributes {chip = 0 : i32, index = 0 : i32, memory_bytes = 64 : i32} {
    cimisa.buffer "x" {address = 0 : i32, row_bytes = 16 : i32, rows = 1 : i32}
    cimisa.block "b" {
      // expected-error @below {{'shift' must be at most 31, but is 32}}
      cimisa.shift_add {src = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>, dst = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>, count = 4 : i32, shift = 32 : i32, accumulate = false}
    }
    cimisa.control {}
  }
}

// -----

// Counts.
cimisa.program "p" attributes {target = dense<0> : tensor<4xi8>} {
  cimisa.core attributes {chip = 0 : i32, index = 0 : i32, memory_bytes = 64 : i32} {
    cimisa.buffer "x" {address = 0 : i32, row_bytes = 16 : i32, rows = 1 : i32}
    cimisa.block "b" {
      // expected-error @below {{'count' must be at least 1, but is 0}}
      cimisa.lookup {src = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>, table = #cimisa.row<buffer = 1, mul = 0, div = 1, add = 0, offset = 0>, dst = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>, count = 0 : i32}
    }
    cimisa.control {}
  }
}

// -----

// Arithmetic formats.
cimisa.program "p" attributes {target = dense<0> : tensor<4xi8>} {
  cimisa.core attributes {chip = 0 : i32, index = 0 : i32, memory_bytes = 64 : i32} {
    cimisa.buffer "x" {address = 0 : i32, row_bytes = 16 : i32, rows = 1 : i32}
    cimisa.block "b" {
      // expected-error @below {{'format' must be i32 or f32 or i64 or f16, but is i8}}
      cimisa.binary {fn = #cimisa.binary_fn<add>, format = #cimisa.format<i8>, dims = array<i32: 1, 1, 1, 8>, a = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>, a_strides = array<i32: 0, 0, 0, 1>, b = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>, b_strides = array<i32: 0, 0, 0, 1>, dst = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>, dst_strides = array<i32: 0, 0, 0, 1>}
    }
    cimisa.control {}
  }
}

// -----

// Dimensions.
cimisa.program "p" attributes {target = dense<0> : tensor<4xi8>} {
  cimisa.core attributes {chip = 0 : i32, index = 0 : i32, memory_bytes = 64 : i32} {
    cimisa.buffer "x" {address = 0 : i32, row_bytes = 16 : i32, rows = 1 : i32}
    cimisa.block "b" {
      // expected-error @below {{'dims' must be at least 1, but dimension 3 is 0}}
      cimisa.select {format = #cimisa.format<f32>, dims = array<i32: 1, 1, 1, 0>, condition = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>, condition_strides = array<i32: 0, 0, 0, 1>, a = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>, a_strides = array<i32: 0, 0, 0, 1>, b = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>, b_strides = array<i32: 0, 0, 0, 1>, dst = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>, dst_strides = array<i32: 0, 0, 0, 1>}
    }
    cimisa.control {}
  }
}

// -----

// Four dimensions.
cimisa.program "p" attributes {target = dense<0> : tensor<4xi8>} {
  cimisa.core attributes {chip = 0 : i32, index = 0 : i32, memory_bytes = 64 : i32} {
    cimisa.buffer "x" {address = 0 : i32, row_bytes = 16 : i32, rows = 1 : i32}
    cimisa.block "b" {
      // expected-error @below {{'dims' failed to satisfy constraint}}
      cimisa.copy {format = #cimisa.format<i64>, dims = array<i32: 1>, src = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>, src_strides = array<i32: 0, 0, 0, 1>, turns = array<i32: 1, 1, 1, 4>, src_steps = array<i32: 0, 0, 0, 2>, dst = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>, dst_strides = array<i32: 0, 0, 0, 1>}
    }
    cimisa.control {}
  }
}

// -----

// Conversions convert.
cimisa.program "p" attributes {target = dense<0> : tensor<4xi8>} {
  cimisa.core attributes {chip = 0 : i32, index = 0 : i32, memory_bytes = 64 : i32} {
    cimisa.buffer "x" {address = 0 : i32, row_bytes = 16 : i32, rows = 1 : i32}
    cimisa.block "b" {
      // expected-error @below {{must change the format, but 'from' and 'to' are both i32}}
      cimisa.convert {from = #cimisa.format<i32>, to = #cimisa.format<i32>, src = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>, dst = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>, count = 4 : i32}
    }
    cimisa.control {}
  }
}

// -----

// Pools.
cimisa.program "p" attributes {target = dense<0> : tensor<4xi8>} {
  cimisa.core attributes {chip = 0 : i32, index = 0 : i32, memory_bytes = 64 : i32} {
    cimisa.buffer "x" {address = 0 : i32, row_bytes = 16 : i32, rows = 1 : i32}
    cimisa.block "b" {
      // expected-error @below {{'fn' must be max or sum, but is prod}}
      cimisa.pool {fn = #cimisa.reduce_fn<prod>, format = #cimisa.format<i8>, window = #cimisa.window<buffer = 0, mul = 1, div = 1, add = -1, height = 4, width = 1, pitch = 16, channel = 0, channels = 16, kernel_h = 3, kernel_w = 1, dilation_h = 1, dilation_w = 1, stride_w = 1, pad_left = 0, positions = 1, pad_value = 0>, dst = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>}
    }
    cimisa.control {}
  }
}

// -----

// Depthwise.
cimisa.program "p" attributes {target = dense<0> : tensor<4xi8>} {
  cimisa.core attributes {chip = 0 : i32, index = 0 : i32, memory_bytes = 64 : i32} {
    cimisa.buffer "x" {address = 0 : i32, row_bytes = 16 : i32, rows = 1 : i32}
    cimisa.block "b" {
      // expected-error @below {{'multiplier' must be at least 1, but is 0}}
      cimisa.depthwise {window = #cimisa.window<buffer = 0, mul = 1, div = 1, add = -1, height = 4, width = 1, pitch = 16, channel = 0, channels = 16, kernel_h = 3, kernel_w = 1, dilation_h = 1, dilation_w = 1, stride_w = 1, pad_left = 0, positions = 1, pad_value = 0>, weights = #cimisa.row<buffer = 1, mul = 0, div = 1, add = 0, offset = 0>, multiplier = 0 : i32, dst = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>}
    }
    cimisa.control {}
  }
}

// -----

// Products.
cimisa.program "p" attributes {target = dense<0> : tensor<4xi8>} {
  cimisa.core attributes {chip = 0 : i32, index = 0 : i32, memory_bytes = 64 : i32} {
    cimisa.buffer "x" {address = 0 : i32, row_bytes = 16 : i32, rows = 1 : i32}
    cimisa.block "b" {
      // expected-error @below {{'columns' must be at least 1, but is 0}}
      cimisa.matmul {format = #cimisa.format<f32>, window = #cimisa.window<buffer = 0, mul = 1, div = 1, add = 0, height = 4, width = 2, pitch = 4, channel = 0, channels = 4, kernel_h = 1, kernel_w = 1, dilation_h = 1, dilation_w = 1, stride_w = 1, pad_left = 0, positions = 2, pad_value = 0>, groups = 1 : i32, matrix = #cimisa.row<buffer = 1, mul = 0, div = 1, add = 0, offset = 0>, columns = 0 : i32, dst = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>, dst_pitch = 2 : i32, accumulate = false, a_zero_point = 0 : i32, b_zero_point = 0 : i32}
    }
    cimisa.control {}
  }
}

// -----

// Products of other formats.
cimisa.program "p" attributes {target = dense<0> : tensor<4xi8>} {
  cimisa.core attributes {chip = 0 : i32, index = 0 : i32, memory_bytes = 64 : i32} {
    cimisa.buffer "x" {address = 0 : i32, row_bytes = 16 : i32, rows = 1 : i32}
    cimisa.block "b" {
      // expected-error @below {{'format' must be i8 or f32 or f16, but is i32}}
      cimisa.matmul {format = #cimisa.format<i32>, window = #cimisa.window<buffer = 0, mul = 1, div = 1, add = 0, height = 4, width = 2, pitch = 4, channel = 0, channels = 4, kernel_h = 1, kernel_w = 1, dilation_h = 1, dilation_w = 1, stride_w = 1, pad_left = 0, positions = 2, pad_value = 0>, groups = 1 : i32, matrix = #cimisa.row<buffer = 1, mul = 0, div = 1, add = 0, offset = 0>, columns = 2 : i32, dst = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>, dst_pitch = 2 : i32, accumulate = false, a_zero_point = 0 : i32, b_zero_point = 0 : i32}
    }
    cimisa.control {}
  }
}

// -----

// Groups of channels.
cimisa.program "p" attributes {target = dense<0> : tensor<4xi8>} {
  cimisa.core attributes {chip = 0 : i32, index = 0 : i32, memory_bytes = 64 : i32} {
    cimisa.buffer "x" {address = 0 : i32, row_bytes = 16 : i32, rows = 1 : i32}
    cimisa.block "b" {
      // expected-error @below {{'groups' must divide the window's channels (4), but is 3}}
      cimisa.matmul {format = #cimisa.format<f32>, window = #cimisa.window<buffer = 0, mul = 1, div = 1, add = 0, height = 4, width = 2, pitch = 4, channel = 0, channels = 4, kernel_h = 1, kernel_w = 1, dilation_h = 1, dilation_w = 1, stride_w = 1, pad_left = 0, positions = 2, pad_value = 0>, groups = 3 : i32, matrix = #cimisa.row<buffer = 1, mul = 0, div = 1, add = 0, offset = 0>, columns = 2 : i32, dst = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>, dst_pitch = 6 : i32, accumulate = false, a_zero_point = 0 : i32, b_zero_point = 0 : i32}
    }
    cimisa.control {}
  }
}

// -----

// Distance of results.
cimisa.program "p" attributes {target = dense<0> : tensor<4xi8>} {
  cimisa.core attributes {chip = 0 : i32, index = 0 : i32, memory_bytes = 64 : i32} {
    cimisa.buffer "x" {address = 0 : i32, row_bytes = 16 : i32, rows = 1 : i32}
    cimisa.block "b" {
      // expected-error @below {{'dst_pitch' must be at least groups x columns (4), but is 2}}
      cimisa.matmul {format = #cimisa.format<f32>, window = #cimisa.window<buffer = 0, mul = 1, div = 1, add = 0, height = 4, width = 2, pitch = 4, channel = 0, channels = 4, kernel_h = 1, kernel_w = 1, dilation_h = 1, dilation_w = 1, stride_w = 1, pad_left = 0, positions = 2, pad_value = 0>, groups = 2 : i32, matrix = #cimisa.row<buffer = 1, mul = 0, div = 1, add = 0, offset = 0>, columns = 2 : i32, dst = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>, dst_pitch = 2 : i32, accumulate = false, a_zero_point = 0 : i32, b_zero_point = 0 : i32}
    }
    cimisa.control {}
  }
}

// -----

// Floats have no zero point.
cimisa.program "p" attributes {target = dense<0> : tensor<4xi8>} {
  cimisa.core attributes {chip = 0 : i32, index = 0 : i32, memory_bytes = 64 : i32} {
    cimisa.buffer "x" {address = 0 : i32, row_bytes = 16 : i32, rows = 1 : i32}
    cimisa.block "b" {
      // expected-error @below {{zero points of f32 must be 0, but are 3 and 0}}
      cimisa.matmul {format = #cimisa.format<f32>, window = #cimisa.window<buffer = 0, mul = 1, div = 1, add = 0, height = 4, width = 2, pitch = 4, channel = 0, channels = 4, kernel_h = 1, kernel_w = 1, dilation_h = 1, dilation_w = 1, stride_w = 1, pad_left = 0, positions = 2, pad_value = 0>, groups = 1 : i32, matrix = #cimisa.row<buffer = 1, mul = 0, div = 1, add = 0, offset = 0>, columns = 2 : i32, dst = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>, dst_pitch = 2 : i32, accumulate = false, a_zero_point = 3 : i32, b_zero_point = 0 : i32}
    }
    cimisa.control {}
  }
}

// -----

// Tables.
cimisa.program "p" attributes {target = dense<0> : tensor<4xi8>} {
  cimisa.core attributes {chip = 0 : i32, index = 0 : i32, memory_bytes = 64 : i32} {
    cimisa.buffer "x" {address = 0 : i32, row_bytes = 16 : i32, rows = 1 : i32}
    cimisa.block "b" {
      // expected-error @below {{'entries' must be at least 1, but is 0}}
      cimisa.gather {format = #cimisa.format<f32>, table = #cimisa.row<buffer = 1, mul = 0, div = 1, add = 0, offset = 0>, entries = 0 : i32, elements = 2 : i32, index_format = #cimisa.format<i32>, index = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>, count = 1 : i32, dst = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>}
    }
    cimisa.control {}
  }
}

// -----

// Indices.
cimisa.program "p" attributes {target = dense<0> : tensor<4xi8>} {
  cimisa.core attributes {chip = 0 : i32, index = 0 : i32, memory_bytes = 64 : i32} {
    cimisa.buffer "x" {address = 0 : i32, row_bytes = 16 : i32, rows = 1 : i32}
    cimisa.block "b" {
      // expected-error @below {{'index_format' must be i32 or i64, but is i8}}
      cimisa.gather {format = #cimisa.format<f32>, table = #cimisa.row<buffer = 1, mul = 0, div = 1, add = 0, offset = 0>, entries = 3 : i32, elements = 2 : i32, index_format = #cimisa.format<i8>, index = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>, count = 1 : i32, dst = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>}
    }
    cimisa.control {}
  }
}

// -----

// A wake is work of a block, a shutdown is control.
cimisa.program "p" attributes {target = dense<0> : tensor<4xi8>} {
  cimisa.core attributes {chip = 0 : i32, index = 0 : i32, memory_bytes = 64 : i32} {
    cimisa.control {
      // expected-error @below {{expects parent op 'cimisa.block'}}
      cimisa.wake {chip = 0 : i32, epoch = 0 : i32}
    }
  }
}

// -----

cimisa.program "p" attributes {target = dense<0> : tensor<4xi8>} {
  cimisa.core attributes {chip = 0 : i32, index = 0 : i32, memory_bytes = 64 : i32} {
    cimisa.block "b" {
      // expected-error @below {{expects parent op 'cimisa.control'}}
      cimisa.shutdown
    }
    cimisa.control {}
  }
}

// -----

// expected-error @below {{'host_wakes' must name each chip once, but names chip 3 twice}}
cimisa.program "p" attributes {target = dense<0> : tensor<4xi8>, host_wakes = array<i32: 3, 0, 3>} {
}
