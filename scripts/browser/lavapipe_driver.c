// A Vulkan driver that is Mesa's lavapipe with SwiftShader's vendor and device ids. Chromium accepts a CPU adapter for WebGPU only with
// these ids. It takes the place of Chromium's own libvk_swiftshader.so (chromium.mjs).
//
// The Vulkan loader calls the three vk_icd... functions; ANGLE, which loads the library itself, calls vkGetInstanceProcAddr. All are passed
// on to lavapipe, except the two functions that read a device's properties.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))
#define SWIFTSHADER_VENDOR 0x1AE0
#define SWIFTSHADER_DEVICE 0xC0DE
#define TYPE_CPU 4

typedef void (*Function)(void);
typedef Function (*Lookup)(void* handle, const char* name);

// The beginnings of VkPhysicalDeviceProperties and VkPhysicalDeviceProperties2: Vulkan's headers need not be installed.
struct Properties {
  uint32_t api, driver, vendor, device, type;
  char name[256];
};
struct Properties2 {
  uint32_t type;
  void* next;
  struct Properties properties;
};

// lavapipe's functions.
static void* mesa;
static Lookup instance_lookup, device_lookup;
static int (*negotiate)(uint32_t*);
static void (*properties)(void*, struct Properties*);
static void (*properties2)(void*, struct Properties2*);

static void disguise(struct Properties* p) {
  p->vendor = SWIFTSHADER_VENDOR;
  p->device = SWIFTSHADER_DEVICE;
  p->type = TYPE_CPU;
}

static void disguised(void* device, struct Properties* p) {
  properties(device, p);
  disguise(p);
}

static void disguised2(void* device, struct Properties2* p) {
  properties2(device, p);
  disguise(&p->properties);
}

static void open_mesa(void) {
  if (mesa) return;
  mesa = dlopen("libvulkan_lvp.so", RTLD_NOW | RTLD_LOCAL);
  if (!mesa) {
    fprintf(stderr, "lavapipe_driver: %s\n", dlerror());
    abort();
  }
  instance_lookup = (Lookup)dlsym(mesa, "vk_icdGetInstanceProcAddr");
  device_lookup = (Lookup)dlsym(mesa, "vk_icdGetPhysicalDeviceProcAddr");
  negotiate = (int (*)(uint32_t*))dlsym(mesa, "vk_icdNegotiateLoaderICDInterfaceVersion");
}

EXPORT int vk_icdNegotiateLoaderICDInterfaceVersion(uint32_t* version) {
  open_mesa();
  return negotiate(version);
}

EXPORT Function vk_icdGetInstanceProcAddr(void* instance, const char* name) {
  open_mesa();
  Function found = instance_lookup(instance, name);
  if (!found) return found;
  if (!strcmp(name, "vkGetPhysicalDeviceProperties")) {
    properties = (void (*)(void*, struct Properties*))found;
    return (Function)disguised;
  }
  // The core's name, and the extension's with KHR behind it.
  if (!strcmp(name, "vkGetPhysicalDeviceProperties2") || !strcmp(name, "vkGetPhysicalDeviceProperties2KHR")) {
    properties2 = (void (*)(void*, struct Properties2*))found;
    return (Function)disguised2;
  }
  return found;
}

EXPORT Function vk_icdGetPhysicalDeviceProcAddr(void* instance, const char* name) {
  open_mesa();
  return device_lookup ? device_lookup(instance, name) : 0;
}

EXPORT Function vkGetInstanceProcAddr(void* instance, const char* name) {
  return vk_icdGetInstanceProcAddr(instance, name);
}
