package budget

// rusageThread counts the calling thread alone.
const rusageThread = 1
