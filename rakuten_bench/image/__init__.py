"""Images: files to arrays, arrays to rows of numbers, and what was odd about them."""
