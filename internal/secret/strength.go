package secret

import (
	"errors"
	"fmt"
	"math"
	"strings"
)

const (
	// leastBits is how much a secret that is chosen by people must be able to hold: as much as those that are made here leave to guess.
	leastBits = 128
	// leastDifferent is how many different characters it has at least. Of a thousand random texts that are long enough not one has fewer.
	leastDifferent = 8
)

// CheckStrength refuses a text that cannot hold 128 bits of randomness: one that is too short for its alphabet (22 letters of both cases and digits, 25
// lower-case letters and digits, 32 hexadecimal digits, 39 digits), one of fewer than 8 different characters, and one that repeats a shorter text. Nobody
// can see of a text that it is random: a sentence that is long enough is taken. The error holds no part of the text.
func CheckStrength(text string) error {
	alphabet := alphabetOf(text)
	switch least := int(math.Ceil(leastBits / math.Log2(float64(alphabet)))); {
	case len(text) < least:
		return fmt.Errorf("it has %d characters, and needs %d of this kind for %d bits", len(text), least, leastBits)
	case different(text) < leastDifferent:
		return fmt.Errorf("it has fewer than %d different characters", leastDifferent)
	case strings.Contains((text + text)[1:2*len(text)-1], text):
		return errors.New("it is a shorter text repeated")
	}
	return nil
}

// alphabets are what keys are written in. What is beyond them counts as base64: other characters are rarely drawn at random.
var alphabets = []string{
	"0123456789", "0123456789abcdef", "0123456789ABCDEF", "0123456789abcdefghijklmnopqrstuvwxyz", "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ",
}

const base64Alphabet = 64

// alphabetOf is how many characters the smallest alphabet has that the text can be written in.
func alphabetOf(text string) int {
	for _, alphabet := range alphabets {
		if strings.Trim(text, alphabet) == "" {
			return len(alphabet)
		}
	}
	return base64Alphabet
}

func different(text string) int {
	seen := map[byte]bool{}
	for i := range len(text) {
		seen[text[i]] = true
	}
	return len(seen)
}
