{
  # What is published: addon, warden and simulator. The sources stand in native/sources.txt.
  "variables": {
    "plain_flags": ["-fno-exceptions", "-fno-rtti", "-fno-threadsafe-statics"],
    "core_sources": ["<!@(node native/sources.mjs proc core)"],
    # Until glibc 2.34 these were libraries of their own, and are empty ones since.
    "old_libraries": "-Wl,--push-state,--no-as-needed,-l:libdl.so.2,-l:libpthread.so.0,--pop-state"
  },
  "target_defaults": {
    "include_dirs": ["native"],
    "cflags": ["-Wall", "-Wextra", "-Wpedantic", "-fvisibility=hidden"],
    # What is built here runs where Node does, on an older glibc too.
    "cflags_cc": ["-std=c++17", "-fvisibility-inlines-hidden", "-include", "<(module_root_dir)/native/glibc_floor.h"],
    "cflags_cc!": ["-std=gnu++17", "-std=gnu++20", "-std=c++20"],
    "ldflags": ["-Wl,-z,relro,-z,now", "-Wl,--as-needed"]
  },
  "targets": [
    {
      "target_name": "gpuprobe",
      "sources": ["<!@(node native/sources.mjs addon sim-file)", "<@(core_sources)"],
      "include_dirs": ["<!(node -p \"require('node-addon-api').include_dir\")"],
      "defines": ["NAPI_VERSION=8", "NAPI_CPP_EXCEPTIONS", "NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS"],
      "cflags_cc!": ["-fno-exceptions", "-fno-rtti"],
      # nodelete: Node unloads an addon that only a terminated worker had loaded, while its I/O thread runs on.
      "ldflags": ["-Wl,-z,nodelete", "-Wl,-soname,gpuprobe.node"],
      "libraries": ["<(old_libraries)"]
    },
    {
      "target_name": "gpuprobe-warden",
      "type": "executable",
      "sources": ["<!@(node native/sources.mjs warden start)", "<@(core_sources)"],
      "cflags_cc": ["<@(plain_flags)"],
      "ldflags": ["-nostartfiles"],
      "ldflags!": ["-rdynamic"],
      "libraries": ["<(old_libraries)"]
    },
    {
      "target_name": "sim-nvml",
      "product_name": "nvidia-ml",
      # The condition is late enough to undo node-gyp's own, which names every such module *.node.
      "type": "loadable_module",
      "target_conditions": [["_type=='loadable_module'", {"product_prefix": "lib", "product_extension": "so.1"}]],
      # A folder of its own, never beside the addon: prebuildify's globbing and loaders would take it for
      # the real driver.
      "product_dir": "<(PRODUCT_DIR)/sim",
      "sources": ["<!@(node native/sources.mjs proc sim sim-nvml)"],
      "cflags_cc": ["<@(plain_flags)"],
      "ldflags": ["-Wl,-z,defs", "-Wl,-Bsymbolic", "-Wl,-soname,libnvidia-ml.so.1"],
      "libraries": ["<(old_libraries)"]
    },
    {
      "target_name": "sim-cuda",
      "product_name": "cuda",
      "type": "loadable_module",
      "target_conditions": [["_type=='loadable_module'", {"product_prefix": "lib", "product_extension": "so.1"}]],
      "product_dir": "<(PRODUCT_DIR)/sim",
      "sources": ["<!@(node native/sources.mjs proc sim sim-cuda)"],
      "cflags_cc": ["<@(plain_flags)"],
      "ldflags": ["-Wl,-z,defs", "-Wl,-Bsymbolic", "-Wl,-soname,libcuda.so.1"],
      "libraries": ["<(old_libraries)"]
    },
    {
      # gyp's make also puts a copy of every module into build/Release; these must not lie beside the addon.
      "target_name": "sim-apart",
      "type": "none",
      "dependencies": ["sim-nvml", "sim-cuda"],
      "actions": [
        {
          "action_name": "remove_copies",
          "inputs": ["<(PRODUCT_DIR)/libnvidia-ml.so.1", "<(PRODUCT_DIR)/libcuda.so.1"],
          "outputs": ["<(INTERMEDIATE_DIR)/simulator-apart"],
          "action": [
            "node",
            "-e",
            "process.argv.slice(1).forEach((file) => require('fs').rmSync(file))",
            "<@(_inputs)"
          ]
        }
      ]
    }
  ]
}
