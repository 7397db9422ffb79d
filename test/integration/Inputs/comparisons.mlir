// Comparisons of floats and integers, truth values in streams and in bodies, integers of 32 and 64 bits: for the comparison of upstream's JIT with cimc-run.

#id = affine_map<(d0, d1) -> (d0, d1)>
#last = affine_map<(d0, d1) -> (d1)>

func.func @main(%a: tensor<1x16xf32> {cim.name = "a"}, %b: tensor<1x16xf32> {cim.name = "b"}, %i: tensor<1x16xi32> {cim.name = "i"}, %j: tensor<1x16xi64> {cim.name = "j"}) -> (
    tensor<1x16xf32> {cim.name = "floats"}, tensor<1x16xf32> {cim.name = "integers"}, tensor<1x16xi64> {cim.name = "longs"}, tensor<1x16xi32> {cim.name = "logic"}) {
  %e_floats = tensor.empty() : tensor<1x16xf32>
  %floats = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel"]} ins(%a, %b : tensor<1x16xf32>, tensor<1x16xf32>) outs(%e_floats : tensor<1x16xf32>) {
  ^bb0(%a_: f32, %b_: f32, %out: f32):
    %acc0 = arith.constant 0.0 : f32
    %c0 = arith.cmpf oeq, %a_, %b_ : f32
    %w0 = arith.constant 1.0 : f32
    %u0 = arith.uitofp %c0 : i1 to f32
    %m0 = arith.mulf %u0, %w0 : f32
    %acc1 = arith.addf %acc0, %m0 : f32
    %c1 = arith.cmpf ogt, %a_, %b_ : f32
    %w1 = arith.constant 2.0 : f32
    %u1 = arith.uitofp %c1 : i1 to f32
    %m1 = arith.mulf %u1, %w1 : f32
    %acc2 = arith.addf %acc1, %m1 : f32
    %c2 = arith.cmpf oge, %a_, %b_ : f32
    %w2 = arith.constant 4.0 : f32
    %u2 = arith.uitofp %c2 : i1 to f32
    %m2 = arith.mulf %u2, %w2 : f32
    %acc3 = arith.addf %acc2, %m2 : f32
    %c3 = arith.cmpf olt, %a_, %b_ : f32
    %w3 = arith.constant 8.0 : f32
    %u3 = arith.uitofp %c3 : i1 to f32
    %m3 = arith.mulf %u3, %w3 : f32
    %acc4 = arith.addf %acc3, %m3 : f32
    %c4 = arith.cmpf ole, %a_, %b_ : f32
    %w4 = arith.constant 16.0 : f32
    %u4 = arith.uitofp %c4 : i1 to f32
    %m4 = arith.mulf %u4, %w4 : f32
    %acc5 = arith.addf %acc4, %m4 : f32
    %c5 = arith.cmpf one, %a_, %b_ : f32
    %w5 = arith.constant 32.0 : f32
    %u5 = arith.uitofp %c5 : i1 to f32
    %m5 = arith.mulf %u5, %w5 : f32
    %acc6 = arith.addf %acc5, %m5 : f32
    %c6 = arith.cmpf ord, %a_, %b_ : f32
    %w6 = arith.constant 64.0 : f32
    %u6 = arith.uitofp %c6 : i1 to f32
    %m6 = arith.mulf %u6, %w6 : f32
    %acc7 = arith.addf %acc6, %m6 : f32
    %c7 = arith.cmpf ueq, %a_, %b_ : f32
    %w7 = arith.constant 128.0 : f32
    %u7 = arith.uitofp %c7 : i1 to f32
    %m7 = arith.mulf %u7, %w7 : f32
    %acc8 = arith.addf %acc7, %m7 : f32
    %c8 = arith.cmpf ugt, %a_, %b_ : f32
    %w8 = arith.constant 256.0 : f32
    %u8 = arith.uitofp %c8 : i1 to f32
    %m8 = arith.mulf %u8, %w8 : f32
    %acc9 = arith.addf %acc8, %m8 : f32
    %c9 = arith.cmpf uge, %a_, %b_ : f32
    %w9 = arith.constant 512.0 : f32
    %u9 = arith.uitofp %c9 : i1 to f32
    %m9 = arith.mulf %u9, %w9 : f32
    %acc10 = arith.addf %acc9, %m9 : f32
    %c10 = arith.cmpf ult, %a_, %b_ : f32
    %w10 = arith.constant 1024.0 : f32
    %u10 = arith.uitofp %c10 : i1 to f32
    %m10 = arith.mulf %u10, %w10 : f32
    %acc11 = arith.addf %acc10, %m10 : f32
    %c11 = arith.cmpf ule, %a_, %b_ : f32
    %w11 = arith.constant 2048.0 : f32
    %u11 = arith.uitofp %c11 : i1 to f32
    %m11 = arith.mulf %u11, %w11 : f32
    %acc12 = arith.addf %acc11, %m11 : f32
    %c12 = arith.cmpf une, %a_, %b_ : f32
    %w12 = arith.constant 4096.0 : f32
    %u12 = arith.uitofp %c12 : i1 to f32
    %m12 = arith.mulf %u12, %w12 : f32
    %acc13 = arith.addf %acc12, %m12 : f32
    %c13 = arith.cmpf uno, %a_, %b_ : f32
    %w13 = arith.constant 8192.0 : f32
    %u13 = arith.uitofp %c13 : i1 to f32
    %m13 = arith.mulf %u13, %w13 : f32
    %acc14 = arith.addf %acc13, %m13 : f32
    linalg.yield %acc14 : f32
  } -> tensor<1x16xf32>
  %e_integers = tensor.empty() : tensor<1x16xf32>
  %integers = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]} ins(%i : tensor<1x16xi32>) outs(%e_integers : tensor<1x16xf32>) {
  ^bb0(%i_: i32, %out: f32):
    %acc0 = arith.constant 0.0 : f32
    %three = arith.constant 3 : i32
    %c0 = arith.cmpi eq, %i_, %three : i32
    %w0 = arith.constant 1.0 : f32
    %z0 = arith.constant 0.0 : f32
    %u0 = arith.select %c0, %w0, %z0 : f32
    %acc1 = arith.addf %acc0, %u0 : f32
    %c1 = arith.cmpi ne, %i_, %three : i32
    %w1 = arith.constant 2.0 : f32
    %z1 = arith.constant 0.0 : f32
    %u1 = arith.select %c1, %w1, %z1 : f32
    %acc2 = arith.addf %acc1, %u1 : f32
    %c2 = arith.cmpi slt, %i_, %three : i32
    %w2 = arith.constant 4.0 : f32
    %z2 = arith.constant 0.0 : f32
    %u2 = arith.select %c2, %w2, %z2 : f32
    %acc3 = arith.addf %acc2, %u2 : f32
    %c3 = arith.cmpi sle, %i_, %three : i32
    %w3 = arith.constant 8.0 : f32
    %z3 = arith.constant 0.0 : f32
    %u3 = arith.select %c3, %w3, %z3 : f32
    %acc4 = arith.addf %acc3, %u3 : f32
    %c4 = arith.cmpi sgt, %i_, %three : i32
    %w4 = arith.constant 16.0 : f32
    %z4 = arith.constant 0.0 : f32
    %u4 = arith.select %c4, %w4, %z4 : f32
    %acc5 = arith.addf %acc4, %u4 : f32
    %c5 = arith.cmpi sge, %i_, %three : i32
    %w5 = arith.constant 32.0 : f32
    %z5 = arith.constant 0.0 : f32
    %u5 = arith.select %c5, %w5, %z5 : f32
    %acc6 = arith.addf %acc5, %u5 : f32
    linalg.yield %acc6 : f32
  } -> tensor<1x16xf32>
  %e_longs = tensor.empty() : tensor<1x16xi64>
  %longs = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]} ins(%j : tensor<1x16xi64>) outs(%e_longs : tensor<1x16xi64>) {
  ^bb0(%j_: i64, %out: i64):
    %zero = arith.constant 0 : i64
    %top = arith.constant 5000000000 : i64
    %below = arith.cmpi slt, %j_, %zero : i64
    %up = arith.addi %j_, %top : i64
    %r = arith.select %below, %up, %j_ : i64
    %s = arith.minsi %r, %top : i64
    %t = arith.muli %s, %s : i64
    linalg.yield %t : i64
  } -> tensor<1x16xi64>
  %e_below = tensor.empty() : tensor<1x16xi1>
  %below = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel"]} ins(%a, %b : tensor<1x16xf32>, tensor<1x16xf32>) outs(%e_below : tensor<1x16xi1>) {
  ^bb0(%a_: f32, %b_: f32, %out: i1):
    %c = arith.cmpf olt, %a_, %b_ : f32
    linalg.yield %c : i1
  } -> tensor<1x16xi1>
  %e_positive = tensor.empty() : tensor<1x16xi1>
  %positive = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]} ins(%i : tensor<1x16xi32>) outs(%e_positive : tensor<1x16xi1>) {
  ^bb0(%i_: i32, %out: i1):
    %zero = arith.constant 0 : i32
    %c = arith.cmpi sgt, %i_, %zero : i32
    linalg.yield %c : i1
  } -> tensor<1x16xi1>
  %e_logic = tensor.empty() : tensor<1x16xi32>
  %logic = linalg.generic {indexing_maps = [#id, #id, #id, #id], iterator_types = ["parallel", "parallel"]} ins(%below, %positive, %i : tensor<1x16xi1>, tensor<1x16xi1>, tensor<1x16xi32>) outs(%e_logic : tensor<1x16xi32>) {
  ^bb0(%below_: i1, %positive_: i1, %i_: i32, %out: i32):
    %true = arith.constant true
    %and = arith.andi %below_, %positive_ : i1
    %or = arith.ori %below_, %positive_ : i1
    %xor = arith.xori %below_, %positive_ : i1
    %not = arith.xori %below_, %true : i1
    %x0 = arith.extui %and : i1 to i32
    %x1 = arith.extui %or : i1 to i32
    %x2 = arith.extui %xor : i1 to i32
    %x3 = arith.extui %not : i1 to i32
    %k = arith.constant 10 : i32
    %y0 = arith.muli %x0, %k : i32
    %y1 = arith.addi %y0, %x1 : i32
    %y2 = arith.muli %y1, %k : i32
    %y3 = arith.addi %y2, %x2 : i32
    %y4 = arith.muli %y3, %k : i32
    %y5 = arith.addi %y4, %x3 : i32
    %y6 = arith.select %xor, %i_, %k : i32
    %y7 = arith.muli %y6, %k : i32
    %y8 = arith.addi %y5, %y7 : i32
    linalg.yield %y8 : i32
  } -> tensor<1x16xi32>
  return %floats, %integers, %longs, %logic : tensor<1x16xf32>, tensor<1x16xf32>, tensor<1x16xi64>, tensor<1x16xi32>
}
