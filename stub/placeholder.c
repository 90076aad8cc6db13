#include "stub/stub_image.h"
const struct stub_image stub_image_x86_64 = {"x86_64", 0, 0, 0, 0};
const struct stub_image stub_image_i386 = {"i386", 0, 0, 0, 0};
const struct stub_image stub_image_aarch64 = {"aarch64", 0, 0, 0, 0};
