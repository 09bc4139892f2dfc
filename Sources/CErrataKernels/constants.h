#ifndef ERRATA_CONSTANTS_H
#define ERRATA_CONSTANTS_H

// Coefficients of two minimax polynomials (Lawson's iteration in double precision), lowest power
// last. The largest errors before rounding to float are stated with each.

// 2^f, |f| <= 1/2, constant term 1: relative 2.0e-09.
#define EXP2_6 0.00015353361959569156f
#define EXP2_5 0.0013398875016719103f
#define EXP2_4 0.00961843691766262f
#define EXP2_3 0.055503323674201965f
#define EXP2_2 0.24022647738456726f
#define EXP2_1 0.6931471824645996f

// -log2(erfc(u / sqrt 2)), 0 <= u <= 6, constant term 0: 1.8e-10 in gelu.
#define GELU_10 5.538260339221779e-08f
#define GELU_9 -1.3735632364841877e-06f
#define GELU_8 1.5085920495039318e-05f
#define GELU_7 -9.402220166521147e-05f
#define GELU_6 0.0003227231791242957f
#define GELU_5 -6.108138768468052e-05f
#define GELU_4 -0.006898857653141022f
#define GELU_3 0.05242248252034187f
#define GELU_2 0.4592236578464508f
#define GELU_1 1.1511040925979614f

#endif
