#include "kernels/gradient_norm.h"
