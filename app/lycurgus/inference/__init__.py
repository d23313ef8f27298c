"""Networks run by ONNX Runtime."""
